"""Samples of `ecr-scan-enhanced`."""

from __future__ import annotations

from policies.checks.ecr_scan_enhanced import INSPECTOR, SCANNING
from policies.tokens import REPOSITORY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

REGION = "eu-west-1"


def repository(name: object = "prod/llm", region: object = REGION) -> Declared:
    return Declared(REPOSITORY, "llm", {"name": name, "region": region})


def scanning(
    pattern: object = "*", frequency: object = "CONTINUOUS_SCAN", kind: object = "ENHANCED", region: object = REGION
) -> Declared:
    rule = {"scanFrequency": frequency, "repositoryFilters": [{"filter": pattern, "filterType": "WILDCARD"}]}
    return Declared(SCANNING, "scanning", {"scanType": kind, "rules": [rule], "region": region})


def inspector(*types: object, region: object = REGION) -> Declared:
    resources = list(types) or ["ECR"]
    return Declared(INSPECTOR, "inspector", {"accountIds": ["1"], "resourceTypes": resources, "region": region})


NO_RULE = ("no rule of the registry's scanning covers it",)
NO_INSPECTOR = ("Amazon Inspector is not enabled for ECR",)
ELSEWHERE = {"registry_elsewhere": True}

SAMPLES = (
    Sample(Case.ALLOWED, "everything", (repository(), scanning(), inspector())),
    Sample(Case.ALLOWED, "by prefix", (repository(), scanning("prod/*"), inspector("EC2", "ECR"))),
    Sample(Case.ALLOWED, "by the beginning", (repository(), scanning("prod"), inspector())),
    Sample(
        Case.ALLOWED,
        "region of the provider",
        (
            Declared(REPOSITORY, "llm", {"name": "llm"}, region=REGION),
            Declared(SCANNING, "scanning", {**scanning().properties, "region": None}, region=REGION),
            inspector(),
        ),
    ),
    Sample(Case.ALLOWED, "set by the organisation", (repository(),), parameters=ELSEWHERE),
    Sample(
        Case.ALLOWED,
        "Inspector enabled by the organisation",
        (repository(), scanning()),
        parameters={"inspector_elsewhere": True},
    ),
    Sample(Case.DISALLOWED, "no settings", (repository(),), ("the stack sets no scanning",)),
    Sample(
        Case.DISALLOWED,
        "settings of another region",
        (repository(), scanning(region="eu-central-1"), inspector(region="eu-central-1")),
        ("the stack sets no scanning",),
    ),
    Sample(Case.DISALLOWED, "other repositories", (repository(), scanning("dev/*"), inspector()), NO_RULE),
    Sample(Case.DISALLOWED, "once", (repository(), scanning(frequency="SCAN_ON_PUSH"), inspector()), NO_RULE),
    Sample(Case.DISALLOWED, "basic", (repository(), scanning(kind="BASIC"), inspector()), ("scanType is",)),
    Sample(Case.DISALLOWED, "no Inspector", (repository(), scanning()), NO_INSPECTOR),
    Sample(Case.DISALLOWED, "Inspector of machines", (repository(), scanning(), inspector("EC2")), NO_INSPECTOR),
    Sample(
        Case.DISALLOWED,
        "Inspector of another region",
        (repository(), scanning(), inspector(region="eu-central-1")),
        NO_INSPECTOR,
    ),
    Sample(
        Case.UNKNOWN,
        "settings of nobody knows which region",
        (repository(), scanning(region=UNKNOWN)),
        ("region is not known", "region is not known"),
    ),
    Sample(
        Case.UNKNOWN, "filter", (repository(), scanning(UNKNOWN), inspector()), ("repositoryFilters[0].filter is not",)
    ),
    Sample(Case.NOT_APPLICABLE, "no repository", (inspector("EC2"),)),
)
