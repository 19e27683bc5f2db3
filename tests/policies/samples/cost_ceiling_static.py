"""Samples of `cost-ceiling-static`."""

from __future__ import annotations

from policies.costs import BUDGET
from policies.nodes import ENDPOINT, NODE_POOL, SCALING_GROUP
from policies.tokens import EC2_INSTANCE, NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample


def budget(limit: object = "1000.00", kind: str = "COST", unit: str = "MONTHLY") -> Declared:
    settings = {"budgetType": kind, "timeUnit": unit, "limitAmount": limit, "limitUnit": "USD"}
    return Declared(BUDGET, f"budget-{unit}", settings)


def group(*types: object, most: object = 2, desired: object = 1) -> Declared:
    settings = {"instanceTypes": list(types), "scalingConfig": {"maxSize": most, "desiredSize": desired}}
    return Declared(NODE_GROUP, "nodes", settings)


def pool(*types: str, limits: Json, key: str = "node.kubernetes.io/instance-type") -> Declared:
    requirements = [{"key": key, "operator": "In", "values": list(types)}]
    return Declared(
        NODE_POOL, "pool", {"spec": {"limits": limits, "template": {"spec": {"requirements": requirements}}}}
    )


def endpoint(kind: str, **scaling: int) -> Declared:
    variant = {"instanceType": kind, "initialInstanceCount": 1, "managedInstanceScaling": scaling or None}
    return Declared(ENDPOINT, "endpoint", {"productionVariants": [variant, {"serverlessConfig": {}}]})


OVER = ("USD a month, more than limitAmount",)
NO_PRICE = ("the price of its machines is not known",)
CPU_POOL = pool("c7i.2xlarge", limits={"cpu": "80", "nodes": "2"})

SAMPLES = (
    Sample(Case.ALLOWED, "below the budget", (budget(), budget("1.00", unit="DAILY"), group("m7i.xlarge"))),
    Sample(Case.ALLOWED, "nothing was agreed", (group("p5.48xlarge"),)),
    Sample(Case.ALLOWED, "the fewer of nodes and CPUs", (budget("522"), CPU_POOL)),
    Sample(
        Case.ALLOWED,
        "CPUs of a category",
        (budget(), pool("c", limits={"cpu": "8000m"}, key="karpenter.k8s.aws/instance-category")),
    ),
    Sample(
        Case.ALLOWED, "groups beside pools keep their size", (budget("700"), CPU_POOL, group("m7i.xlarge", most=99))
    ),
    Sample(
        Case.ALLOWED, "single instance", (budget("31"), Declared(EC2_INSTANCE, "host", {"instanceType": "t3.medium"}))
    ),
    Sample(
        Case.ALLOWED,
        "price of one's own",
        (budget("2000"), endpoint("ml.g5.xlarge", maxInstanceCount=2)),
        parameters={"prices": ["ml.g5.xlarge=1.25"]},
    ),
    Sample(Case.INSIDE, "ceiling", (group("m7i.xlarge"),), parameters={"monthly_ceiling_usd": 295}),
    Sample(
        Case.OUTSIDE,
        "ceiling",
        (group("m7i.xlarge"),),
        ("cost 294 USD a month, more than monthly_ceiling_usd",),
        parameters={"monthly_ceiling_usd": 294},
    ),
    Sample(Case.DISALLOWED, "over the budget", (budget(), group("m7i.xlarge", "g6e.2xlarge")), OVER),
    Sample(
        Case.OUTSIDE,
        "a dearer region",
        (budget("300"), group("m7i.xlarge")),
        OVER,
        parameters={"price_percent": 120},
    ),
    Sample(
        Case.DISALLOWED,
        "scaling group",
        (
            budget(),
            Declared(
                SCALING_GROUP,
                "g",
                {
                    "maxSize": 4,
                    "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "g5.xlarge"}]}},
                },
            ),
        ),
        OVER,
    ),
    Sample(
        Case.DISALLOWED,
        "groups that others scale beside pools",
        (budget("700"), CPU_POOL, group("m7i.xlarge")),
        OVER,
        parameters={"pools_scale": False},
    ),
    Sample(Case.DISALLOWED, "a pool without an end", (budget(), pool("c7i.large", limits={})), NO_PRICE),
    Sample(Case.DISALLOWED, "no price", (budget(), group("u7in-32tb.224xlarge")), NO_PRICE),
    Sample(Case.DISALLOWED, "no price of a managed machine", (budget(), endpoint("ml.g5.xlarge")), NO_PRICE),
    Sample(
        Case.DISALLOWED,
        "one price of two",
        (budget(), pool("c7i.large", "c7i.metal-24xl", limits={"cpu": "8"})),
        NO_PRICE,
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown size does not hide the missing price",
        (budget(), group("m7i.xlarge", most=UNKNOWN), endpoint("ml.g5.xlarge")),
        ("maxSize is not known", *NO_PRICE),
    ),
    Sample(Case.UNKNOWN, "unknown budget", (budget(UNKNOWN), group("m7i.xlarge")), ("limitAmount is not known",)),
    Sample(Case.NOT_APPLICABLE, "no machines", (budget("0"),)),
)
