"""The words that blueprints, environments, tags and policies share.

Owns the scales by which services, data and environments are told apart. It stands apart from the schema so that whoever
only reads these words, as the policy pack does, need not build the models of the whole document.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """What happens to users when the service stops.

    Near-synonyms told apart: a *tier* is about users; a *severity* is about one incident; a *priority* is
    about one request.
    """

    USERS_STOP = 0
    """Users cannot do what they came for."""
    USERS_NOTICE = 1
    """Users get a worse product but can go on."""
    USERS_UNAWARE = 2
    """Nobody outside the company notices within a day."""


class DataClass(StrEnum):
    """How much harm a leak would do; each class has an encryption key of its own."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class RiskClass(StrEnum):
    """Risk class of the EU AI Act (Regulation 2024/1689): chapter III is `high`, article 50 `limited`."""

    MINIMAL = "minimal"
    LIMITED = "limited"
    HIGH = "high"


class EnvironmentKind(StrEnum):
    """How much depends on an environment; policies choose their levels by it."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"
