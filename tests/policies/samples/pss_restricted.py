"""Samples of `pss-restricted`."""

from __future__ import annotations

from policies.tokens import NAMESPACE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

ENFORCE = "pod-security.kubernetes.io/enforce"


def namespace(name: str = "assistants", **labels: object) -> Declared:
    found = {ENFORCE: labels.get("level", "restricted"), f"{ENFORCE}-version": labels.get("version", "v1.34")}
    return Declared(NAMESPACE, "assistants", {"metadata": {"name": name, "labels": found}})


SAMPLES = (
    Sample(Case.ALLOWED, "restricted", (namespace(),)),
    Sample(Case.DISALLOWED, "no label", (Declared(NAMESPACE, "n", {}),), ("is not restricted", "pins no version")),
    Sample(Case.DISALLOWED, "baseline", (namespace(level="baseline"),), ("is not restricted",)),
    Sample(Case.DISALLOWED, "latest", (namespace(version="latest"),), ("pins no version",)),
    Sample(
        Case.UNKNOWN,
        "an unknown level does not hide the version",
        (namespace(level=UNKNOWN, version="latest"),),
        ("pins no version", "is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "privileged by nature", (namespace("kube-system", level="privileged"),)),
)
