"""Ownership and lineage: the one function behind every tag and label of the stack.

Owns how an environment and a blueprint become AWS tags, Kubernetes labels and annotations. The keys are
`serving.blueprint.tags`; no component writes a tag key.
"""

from collections.abc import Iterable, Mapping

from serving.blueprint.environment import Environment
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.model import Model
from serving.blueprint.tags import LINEAGE_KEYS, PERSONAL, PLATFORM_SERVICE, TagKey
from serving.blueprint.vocabulary import DataClass, Tier

MANAGED_BY = "serving-blueprints"

ANNOTATION_KEYS = frozenset({TagKey.MODEL_DIGEST, TagKey.DATASET, TagKey.FEATURE_VIEW})
"""Keys whose values a Kubernetes label cannot hold (over 63 characters, or with `@` and `:`)."""

_LONGEST_TAG_VALUE = 256  # botocore 1.44.5: TagValue of eks, tagValueType of iam, resourcegroupstaggingapi


def platform_tags(environment: Environment, data_class: DataClass = DataClass.INTERNAL) -> dict[str, str]:
    """Ownership tags of what all services share.

    The tier is the worst of all: what everybody shares stops everybody.
    """
    return {
        TagKey.OWNER: environment.owner,
        TagKey.COST_CENTER: environment.cost_center,
        TagKey.DATA_CLASS: data_class.value,
        TagKey.ENVIRONMENT: environment.name,
        TagKey.SERVICE: PLATFORM_SERVICE,
        TagKey.TENANT: PLATFORM_SERVICE,
        TagKey.TIER: str(Tier.USERS_STOP.value),
        TagKey.MANAGED_BY: MANAGED_BY,
    }


def tenant_tags(environment: Environment, tenant: str) -> dict[str, str]:
    """Ownership tags of what one tenant's services share."""
    owner = environment.tenant(tenant)
    return platform_tags(environment) | {
        TagKey.OWNER: owner.owner,
        TagKey.COST_CENTER: owner.cost_center,
        TagKey.TENANT: owner.name,
    }


def service_tags(environment: Environment, blueprint: Blueprint, model: Model | None = None) -> dict[str, str]:
    """Ownership and lineage tags of what belongs to one service.

    Args:
        environment: Where the service runs.
        blueprint: The service.
        model: The model that the resource serves or holds; the blueprint's own by default.
    """
    served = model or blueprint.model
    lineage = blueprint.governance.lineage
    return tenant_tags(environment, blueprint.identity.tenant) | {
        TagKey.OWNER: blueprint.identity.owner,
        TagKey.DATA_CLASS: blueprint.governance.data_class.value,
        TagKey.SERVICE: blueprint.identity.name,
        TagKey.TIER: str(blueprint.identity.tier.value),
        TagKey.MODEL: served.name,
        TagKey.MODEL_VERSION: served.version,
        TagKey.MODEL_DIGEST: served.manifest.digest,
        TagKey.CONTRACT_VERSION: blueprint.contract.version,
        TagKey.TRAINING_RUN: served.training_run or lineage.training_run,
        TagKey.DATASET: _joined(f"{dataset.name}@{dataset.snapshot}" for dataset in lineage.datasets),
        TagKey.FEATURE_VIEW: _joined(f"{view.name}@{view.version}" for view in lineage.feature_views) or "none",
        TagKey.SOURCE_COMMIT: lineage.source_commit,
        TagKey.RISK_CLASS: blueprint.governance.risk_class.value,
    }


def personal_data_tags(blueprint: Blueprint) -> dict[str, str]:
    """The tag of what holds a service's personal data; none if it processes none."""
    return {TagKey.PERSONAL_DATA: PERSONAL} if blueprint.governance.personal_data.processed else {}


def ownership(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags without those that a new model changes."""
    return {key: value for key, value in tags.items() if key not in LINEAGE_KEYS}


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Kubernetes labels of the tags that fit into a label value."""
    return {TagKey(key).label: value for key, value in tags.items() if TagKey(key) not in ANNOTATION_KEYS}


def annotations(tags: Mapping[str, str]) -> dict[str, str]:
    """Kubernetes annotations of the tags that do not fit into a label value."""
    return {TagKey(key).label: value for key, value in tags.items() if TagKey(key) in ANNOTATION_KEYS}


def _joined(values: Iterable[str]) -> str:
    """Several ids in one tag value, cut at whole ids."""
    text = ""
    for value in values:
        longer = f"{text} {value}".strip()
        if len(longer) > _LONGEST_TAG_VALUE:
            break
        text = longer
    return text
