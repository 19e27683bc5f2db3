"""Samples of `imds-v2-hop1`."""

from __future__ import annotations

from policies.checks.imds_v2_hop1 import DEFAULTS
from policies.tokens import EC2_NODE_CLASS
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def template(**options: object) -> Declared:
    settings = {"httpTokens": "required", "httpPutResponseHopLimit": 1, **options}
    return Declared("aws:ec2/launchTemplate:LaunchTemplate", "nodes", {"metadataOptions": settings})


SAMPLES = (
    Sample(Case.ALLOWED, "tokens, one hop", (template(),)),
    Sample(
        Case.ALLOWED,
        "account",
        (Declared(DEFAULTS, "d", {"httpTokens": "required", "httpPutResponseHopLimit": 1}),),
    ),
    Sample(
        Case.ALLOWED, "node class as Karpenter has it", (Declared(EC2_NODE_CLASS, "c", {"spec": {"role": "nodes"}}),)
    ),
    Sample(
        Case.DISALLOWED,
        "node class",
        (
            Declared(
                EC2_NODE_CLASS,
                "c",
                {"spec": {"metadataOptions": {"httpTokens": "optional", "httpPutResponseHopLimit": 2}}},
            ),
        ),
        ("spec.metadataOptions.httpTokens is not required", "httpPutResponseHopLimit is not 1 or less"),
    ),
    Sample(Case.INSIDE, "one hop", (template(httpPutResponseHopLimit=1),)),
    Sample(Case.OUTSIDE, "two hops", (template(httpPutResponseHopLimit=2),), ("not 1 or less",)),
    Sample(
        Case.INSIDE, "two hops, by parameter", (template(httpPutResponseHopLimit=2),), parameters={"maximum_hops": 2}
    ),
    Sample(Case.DISALLOWED, "no tokens", (template(httpTokens="optional"),), ("httpTokens is not required",)),
    Sample(
        Case.DISALLOWED,
        "nothing stated",
        (Declared("aws:ec2/launchTemplate:LaunchTemplate", "nodes", {}),),
        ("httpTokens", "httpPutResponseHopLimit"),
    ),
    Sample(Case.UNKNOWN, "tokens", (template(httpTokens=UNKNOWN),), ("httpTokens is not known",)),
    Sample(Case.NOT_APPLICABLE, "no metadata service", (template(httpEndpoint="disabled", httpTokens="optional"),)),
)
