"""Samples of `enc-amp-cmk`."""

from __future__ import annotations

from policies.keys import KMS_KEY
from policies.tokens import METRICS_WORKSPACE
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample


def workspace(key: object, **needs: tuple[str, ...]) -> Declared:
    return Declared(METRICS_WORKSPACE, "metrics", {"alias": "serving", "kmsKeyArn": key}, needs)


SAMPLES = (
    Sample(Case.ALLOWED, "own key", (workspace(KEY_ARN),)),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (Declared(KMS_KEY, "key", {}), workspace(UNKNOWN, kmsKeyArn=("key",))),
    ),
    Sample(
        Case.DISALLOWED,
        "key of AWS",
        (Declared(METRICS_WORKSPACE, "m", {"alias": "serving"}),),
        ("kmsKeyArn is missing",),
    ),
    Sample(Case.DISALLOWED, "no key", (workspace("metrics key"),), ("which is no KMS key",)),
    Sample(Case.UNKNOWN, "key of nobody knows where", (workspace(UNKNOWN),), ("kmsKeyArn is not known",)),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:amp/scraper:Scraper", "s", {}),)),
)
