"""Samples of `instance-allowlist`."""

from __future__ import annotations

from dataclasses import replace

from policies.nodes import ENDPOINT, NODE_POOL, SCALING_GROUP
from policies.tokens import EC2_INSTANCE, LAUNCH_TEMPLATE, NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}


def group(*types: object, name: str = "nodes", size: int = 4, capacity: str = "ON_DEMAND", **more: object) -> Declared:
    settings = {
        "clusterName": "serving",
        "capacityType": capacity,
        "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": size},
        **({"instanceTypes": list(types)} if types else {}),
        **more,
    }
    return Declared(NODE_GROUP, name, settings)


def templated(*needs: str) -> Declared:
    return replace(group(launchTemplate={"id": UNKNOWN}), needs={"launchTemplate": needs} if needs else {})


def pool(*requirements: Json, **spec: object) -> Declared:
    settings = {"template": {"spec": {"requirements": list(requirements), **spec}}}
    return Declared(NODE_POOL, "pool", {"spec": settings})


def wants(key: str, *values: str, operator: str = "In") -> Json:
    return {"key": key, "operator": operator, "values": list(values)}


def template(**settings: object) -> Declared:
    return Declared(LAUNCH_TEMPLATE, "template", settings)


def endpoint(kind: str) -> Declared:
    return Declared(ENDPOINT, "endpoint", {"productionVariants": [{"modelName": "llm", "instanceType": kind}]})


TYPE = "node.kubernetes.io/instance-type"
CATEGORY = "karpenter.k8s.aws/instance-category"
GENERATION = "karpenter.k8s.aws/instance-generation"
NARROW = {"families": ["m7i", "g6*"]}

SAMPLES = (
    Sample(Case.ALLOWED, "node group", (group("m7i.xlarge", "m7a.xlarge"),)),
    Sample(Case.ALLOWED, "type by default", (group(),)),
    Sample(Case.ALLOWED, "GPU with a taint", (group("g6.xlarge", taints=[TAINT]),)),
    Sample(Case.ALLOWED, "single instance", (Declared(EC2_INSTANCE, "host", {"instanceType": "t3.micro"}),)),
    Sample(
        Case.ALLOWED,
        "scaling group",
        (
            Declared(
                SCALING_GROUP,
                "hosts",
                {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "c7i.large"}]}}},
            ),
        ),
    ),
    Sample(Case.ALLOWED, "endpoint", (endpoint("ml.g5.xlarge"),)),
    Sample(Case.ALLOWED, "endpoint without machines", (Declared(ENDPOINT, "e", {"productionVariants": [{}]}),)),
    Sample(Case.ALLOWED, "pool", (pool(wants(TYPE, "c7i.2xlarge")),)),
    Sample(
        Case.ALLOWED,
        "categories of Karpenter's own example",
        (pool(wants(CATEGORY, "c", "m", "r"), wants(GENERATION, "2", operator="Gt")),),
    ),
    Sample(
        Case.ALLOWED,
        "GPU pool with a taint",
        (pool(wants(TYPE, "g6e.2xlarge"), taints=[{"key": "gpu", "effect": "NoSchedule"}]),),
    ),
    Sample(
        Case.RESOLVED,
        "type of the launch template",
        (template(instanceType="m7i.large"), templated("template")),
        parameters=NARROW,
    ),
    Sample(
        Case.INSIDE,
        "spot",
        (group("m7i.large", size=1), group("m7i.large", name="spot", size=3, capacity="SPOT")),
    ),
    Sample(
        Case.OUTSIDE,
        "spot",
        (group("m7i.large", size=10), group("m7i.large", name="spot", size=31, capacity="SPOT")),
        ("more than 75 % of the nodes",),
    ),
    Sample(Case.DISALLOWED, "family", (group("c7i.large"),), ("not among m7i, g6*",), parameters=NARROW),
    Sample(
        Case.DISALLOWED,
        "family of the launch template",
        (template(instanceType="x2idn.metal"), templated("template")),
        ("not among",),
    ),
    Sample(Case.DISALLOWED, "endpoint", (endpoint("ml.p3.2xlarge"),), ("not among",)),
    Sample(Case.DISALLOWED, "old category", (pool(wants(CATEGORY, "c")),), ("not among",)),
    Sample(Case.DISALLOWED, "any machine", (pool(wants("kubernetes.io/arch", "amd64")),), ("name neither",)),
    Sample(Case.DISALLOWED, "GPU without a taint", (group("g6.xlarge"),), ("taints keeps nobody away",)),
    Sample(
        Case.DISALLOWED,
        "GPU with a wish",
        (group("g6.xlarge", taints=[{**TAINT, "effect": "PREFER_NO_SCHEDULE"}]),),
        ("taints keeps nobody away",),
    ),
    Sample(
        Case.DISALLOWED,
        "GPU by a property",
        (pool(wants(TYPE, "m7i.large"), wants("karpenter.k8s.aws/instance-gpu-manufacturer", "nvidia")),),
        ("taints keeps nobody away",),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown taint",
        (group("g6.xlarge", taints=[{**TAINT, "effect": UNKNOWN}]),),
        ("effect is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "launch template of another stack",
        (templated(),),
        ("launchTemplate is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no machines", (template(instanceType="p3.2xlarge"),)),
)
