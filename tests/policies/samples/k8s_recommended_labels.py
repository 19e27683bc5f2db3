"""Samples of `k8s-recommended-labels`."""

from __future__ import annotations

from policies.checks.k8s_recommended_labels import SERVICE
from policies.tokens import BUCKET, DAEMON_SET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

LABELS = {
    "app.kubernetes.io/name": "chat",
    "app.kubernetes.io/part-of": "assistants",
    "app.kubernetes.io/managed-by": "pulumi",
}
FEWER = {"app.kubernetes.io/name": "chat", "app": "chat"}


def labelled(labels: object, token: str = SERVICE) -> Declared:
    return Declared(token, "chat", {"metadata": {"name": "chat", "labels": labels}})


SAMPLES = (
    Sample(Case.ALLOWED, "all labels", (labelled(LABELS), labelled(LABELS, DAEMON_SET))),
    Sample(Case.ALLOWED, "keys of one's own", (labelled({"app": "chat"}),), parameters={"keys": ["app"]}),
    Sample(
        Case.DISALLOWED,
        "some",
        (labelled(FEWER),),
        ("labels app.kubernetes.io/part-of, app.kubernetes.io/managed-by missing",),
    ),
    Sample(Case.DISALLOWED, "none", (Declared(DAEMON_SET, "agent", {}),), ("app.kubernetes.io/name",)),
    Sample(Case.DISALLOWED, "empty", (labelled({**LABELS, "app.kubernetes.io/name": ""}),), ("is empty",)),
    Sample(
        Case.UNKNOWN,
        "an unknown label does not hide a missing one",
        (labelled({"app.kubernetes.io/name": UNKNOWN, "app.kubernetes.io/part-of": "x"}),),
        ("label app.kubernetes.io/managed-by missing", "is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "AWS", (Declared(BUCKET, "models", {}),)),
)
