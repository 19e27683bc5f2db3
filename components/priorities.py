"""Priority classes: which pods go first when a cluster is full.

Owns the class of each tier. A *tier* is about users; the *priority* of a pod follows from it, so that no
blueprint states one.
"""

from typing import Final

from components.manifest import Manifest
from serving.blueprint.vocabulary import Tier

_VALUES: Final = {Tier.USERS_STOP: 1_000_000, Tier.USERS_NOTICE: 100_000, Tier.USERS_UNAWARE: 10_000}
"""Far below the system's classes (two billion), far apart so that a class can be put between two."""


def priority_class(tier: Tier) -> str:
    """Name of the priority class of a tier."""
    return f"serving-tier-{tier.value}"


def priority_class_manifest(tier: Tier, labels: dict[str, str]) -> Manifest:
    """The priority class of a tier. The lowest tier waits for room; the others make room."""
    waits = tier is max(Tier)
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": priority_class(tier), "labels": labels},
        "value": _VALUES[tier],
        "globalDefault": False,
        "preemptionPolicy": "Never" if waits else "PreemptLowerPriority",
        "description": f"Services of tier {tier.value}.",
    }
