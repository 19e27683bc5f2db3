"""Samples of `secret-rotation`."""

from __future__ import annotations

from policies.checks.secret_rotation import ROTATION
from policies.tokens import EKS_CLUSTER, SECRET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

KEY = Declared(SECRET, "key", {"name": "api-key", "region": "eu-west-1"})
CLUSTERS = tuple(
    Declared(EKS_CLUSTER, f"cluster-{region}", {"region": region}) for region in ("eu-west-1", "eu-central-1")
)
REPLICATED = Declared(
    SECRET, "key", {"name": "api-key", "region": "eu-west-1", "replicas": [{"region": "eu-central-1"}]}
)


def rotation(rules: object, *needs: str, **properties: object) -> Declared:
    stated: Json = {"secretId": UNKNOWN, "rotationRules": rules, **properties}
    return Declared(ROTATION, "rotation", stated, {"secretId": needs or ("key",)})


def after(days: object) -> Declared:
    return rotation({"automaticallyAfterDays": days})


def scheduled(expression: object) -> Declared:
    return rotation({"scheduleExpression": expression})


TOO_LONG = ("may leave more than 90 days",)

SAMPLES = (
    Sample(
        Case.ALLOWED,
        "somebody else's, by parameter",
        (KEY,),
        parameters={"exempt_names": ["api-*"]},
    ),
    Sample(Case.RESOLVED, "every month", (KEY, scheduled("cron(0 8 1 * ? *)"))),
    Sample(Case.RESOLVED, "replicated", (*CLUSTERS, REPLICATED, after(30))),
    Sample(
        Case.RESOLVED,
        "replica, by parameter",
        (*CLUSTERS, KEY, after(30)),
        parameters={"replicas_required": False},
    ),
    Sample(
        Case.RESOLVED,
        "twins",
        (
            *CLUSTERS,
            KEY,
            Declared(SECRET, "twin", {"name": "api-key", "region": "eu-central-1"}),
            after(30),
            Declared(
                ROTATION,
                "rotation-2",
                {"secretId": UNKNOWN, "rotationRules": {"automaticallyAfterDays": 30}},
                {"secretId": ("twin",)},
            ),
        ),
    ),
    Sample(Case.INSIDE, "90 days", (KEY, after(90))),
    Sample(Case.OUTSIDE, "91 days", (KEY, after(91)), TOO_LONG),
    Sample(Case.INSIDE, "90 days, as a rate", (KEY, scheduled("rate(90 days)"))),
    Sample(Case.OUTSIDE, "91 days, as a rate", (KEY, scheduled("rate(91 days)")), TOO_LONG),
    Sample(Case.DISALLOWED, "never", (KEY,), ("no SecretRotation",)),
    Sample(Case.DISALLOWED, "switched off", (KEY, rotation({}, rotationEnabled=False)), ("rotationEnabled is false",)),
    Sample(Case.DISALLOWED, "once a year", (KEY, scheduled("cron(0 8 1 1 ? *)")), TOO_LONG),
    Sample(Case.DISALLOWED, "no schedule", (KEY, rotation({})), TOO_LONG),
    Sample(
        Case.DISALLOWED,
        "not where a cluster is",
        (*CLUSTERS, KEY, after(30)),
        ("replicas name no eu-central-1",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown schedule hides no missing replica",
        (*CLUSTERS, KEY, after(UNKNOWN)),
        ("automaticallyAfterDays is not known", "replicas name no eu-central-1"),
    ),
    Sample(Case.NOT_APPLICABLE, "no secret", CLUSTERS),
)
