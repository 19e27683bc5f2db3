"""Samples of `autoscale-bounded`."""

from __future__ import annotations

from policies.scaling import POD_AUTOSCALERS, SCALED_OBJECT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Sample


def scaler(minimum: object, maximum: object, tier: str = "0") -> Declared:
    spec = {"minReplicaCount": minimum, "maxReplicaCount": maximum}
    metadata = {"name": "chat", "labels": {TagKey.TIER.label: tier}}
    return Declared(SCALED_OBJECT, "chat", {"metadata": metadata, "spec": spec})


SAMPLES = (
    Sample(Case.ALLOWED, "both bounds", (scaler(2, 10),)),
    Sample(Case.ALLOWED, "scale to zero where nobody notices", (scaler(0, 10, "2"),)),
    Sample(
        Case.ALLOWED,
        "pod autoscaler",
        (Declared(POD_AUTOSCALERS[0], "chat", {"spec": {"minReplicas": 2, "maxReplicas": 4}}),),
    ),
    Sample(Case.INSIDE, "cap", (scaler(2, 100),)),
    Sample(Case.OUTSIDE, "cap", (scaler(2, 101),), ("maxReplicaCount is more than 100",)),
    Sample(Case.INSIDE, "tier 0", (scaler(2, 10),)),
    Sample(Case.OUTSIDE, "tier 0", (scaler(1, 10),), ("minReplicaCount is less than 2",)),
    Sample(Case.DISALLOWED, "no lower bound", (scaler(None, 10),), ("minReplicaCount is missing",)),
    Sample(
        Case.DISALLOWED,
        "no upper bound",
        (Declared(POD_AUTOSCALERS[0], "chat", {"spec": {"minReplicas": 2}}),),
        ("maxReplicas is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown bound does not hide the other",
        (scaler(UNKNOWN, 101),),
        ("more than 100", "spec.minReplicaCount is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("kubernetes:core/v1:Service", "chat", {}),)),
)
