"""Section `observability`: what is measured, traced, logged and drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from serving.blueprint.schema.base import Section
from serving.blueprint.schema.signals import Signal

MetricName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", max_length=200)]


class LogField(StrEnum):
    """What an access log line of the service may hold."""

    REQUEST_ID = "request-id"
    TENANT = "tenant"
    MODEL_VERSION = "model-version"
    CONTRACT_VERSION = "contract-version"
    LATENCY = "latency"
    STATUS = "status"
    TOKENS = "tokens"
    PROMPT = "prompt"
    """The request's text; redacted unless declared harmless."""
    ANSWER = "answer"
    """The answer's text; redacted unless declared harmless."""


class Dashboard(StrEnum):
    """Dashboards of a service."""

    SERVICE = "service"
    """Objectives, error budget, traffic, saturation."""
    ENGINE = "engine"
    """The engine's own metrics."""
    ROLLOUT = "rollout"
    """Stable and canary side by side."""


class Traces(Section):
    """Distributed traces."""

    sample_percent: float = Field(default=5, ge=0, le=100, description="Share of requests traced, percent.")


class Logs(Section):
    """Access logs."""

    fields: tuple[LogField, ...] = Field(
        default=(
            LogField.REQUEST_ID,
            LogField.TENANT,
            LogField.MODEL_VERSION,
            LogField.CONTRACT_VERSION,
            LogField.LATENCY,
            LogField.STATUS,
        ),
        min_length=1,
        description="Fields of a line.",
    )
    redact: tuple[LogField, ...] = Field(
        default=(LogField.PROMPT, LogField.ANSWER),
        description="Fields whose value must not be readable (recorded only; see docs/blueprint.md).",
    )


class Observability(Section):
    """What is measured, traced, logged and drawn."""

    metrics: dict[Signal, MetricName] = Field(
        default_factory=dict,
        description="Metric that carries a signal, for a custom engine only; for known engines the metric "
        "contract of the engine's version says it.",
    )
    traces: Traces = Field(default=Traces(), description="Distributed traces.")
    logs: Logs = Field(default=Logs(), description="Access logs.")
    dashboards: tuple[Dashboard, ...] = Field(default=tuple(Dashboard), description="Dashboards that are wanted.")
