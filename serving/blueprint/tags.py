"""The keys of ownership and lineage that every resource carries.

Owns the names only. Who renders them: `components.lineage` (AWS tags, Kubernetes labels). Who judges them:
the policies. A key is typed here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum

LABEL_PREFIX = "serving.blueprint/"
"""Kubernetes label and annotation prefix; a DNS subdomain, as the label syntax asks."""

EDGE_PUBLIC = "public"
"""The value of `TagKey.EDGE` on a security group that may admit the internet."""

PERSONAL = "true"
"""The value of `TagKey.PERSONAL_DATA` on what is declared to hold personal data; others carry no such tag."""

PLATFORM_SERVICE = "platform"
"""The value of `TagKey.SERVICE` on what all services share (networks, clusters, keys)."""


MANIFEST_ANNOTATION = f"{LABEL_PREFIX}model-manifest"
"""Key of the signed manifest in the model store."""

SIGNER_ANNOTATION = f"{LABEL_PREFIX}model-signer"
"""Identity that signed the manifest."""

MODEL_CARD_ANNOTATION = f"{LABEL_PREFIX}model-card"
"""Link to the model card."""


class TagKey(StrEnum):
    """AWS tag keys; `LABEL_PREFIX` + key is the Kubernetes label or annotation."""

    # ownership: on every resource
    OWNER = "owner"
    COST_CENTER = "cost-center"
    DATA_CLASS = "data-class"
    ENVIRONMENT = "environment"
    SERVICE = "service"
    TENANT = "tenant"
    TIER = "tier"
    MANAGED_BY = "managed-by"
    # lineage: on whatever serves or holds one service's model
    MODEL = "model"
    MODEL_VERSION = "model-version"
    MODEL_DIGEST = "model-digest"
    CONTRACT_VERSION = "contract-version"
    TRAINING_RUN = "training-run"
    DATASET = "dataset"
    FEATURE_VIEW = "feature-view"
    SOURCE_COMMIT = "source-commit"
    RISK_CLASS = "risk-class"
    # what holds the personal data that a blueprint declares; a data class says how bad a leak is, not whose data it is
    PERSONAL_DATA = "personal-data"
    # what faces the internet
    EDGE = "edge"
    # backup selection
    BACKUP_PLAN = "backup-plan"

    @property
    def label(self) -> str:
        """The Kubernetes label or annotation key."""
        return f"{LABEL_PREFIX}{self.value}"


OWNERSHIP_KEYS: tuple[TagKey, ...] = (
    TagKey.OWNER,
    TagKey.COST_CENTER,
    TagKey.DATA_CLASS,
    TagKey.ENVIRONMENT,
    TagKey.SERVICE,
    TagKey.TENANT,
    TagKey.TIER,
    TagKey.MANAGED_BY,
)

LINEAGE_KEYS: tuple[TagKey, ...] = (
    TagKey.MODEL,
    TagKey.MODEL_VERSION,
    TagKey.MODEL_DIGEST,
    TagKey.CONTRACT_VERSION,
    TagKey.TRAINING_RUN,
    TagKey.DATASET,
    TagKey.FEATURE_VIEW,
    TagKey.SOURCE_COMMIT,
    TagKey.RISK_CLASS,
)
