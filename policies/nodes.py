"""Machines that a stack starts: of which types, how many at most, and whether they have accelerators.

Owns the difference between EKS node groups, Auto Scaling groups, single instances, endpoints of SageMaker and
pools of Karpenter. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.tokens import EC2_INSTANCE, LAUNCH_TEMPLATE, NODE_GROUP
from policies.views import Node, Resource, Undetermined

SCALING_GROUP: Final = "aws:autoscaling/group:Group"
ENDPOINT: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
NODE_POOL: Final = "kubernetes:karpenter.sh/v1:NodePool"
NODE_POOLS: Final = (NODE_POOL, "kubernetes:karpenter.sh/v1beta1:NodePool")
MACHINES: Final = (NODE_GROUP, SCALING_GROUP, EC2_INSTANCE, ENDPOINT, *NODE_POOLS)
"""Whatever starts machines."""

_DEFAULT_NODE: Final = "t3.medium"  # of a node group that states no type (AWS, EKS API reference, CreateNodegroup)
_TYPE_KEY: Final = "node.kubernetes.io/instance-type"
# Labels of Karpenter's own nodes, and of those of EKS Auto Mode
_LABEL_DOMAINS: Final = ("karpenter.k8s.aws", "eks.amazonaws.com")
_ACCELERATED: Final = re.compile(r"(g|gr|p|inf|trn|dl)([0-9]|$)", re.ASCII)
_VARIANTS: Final = ("productionVariants", "shadowProductionVariants")


def family(instance_type: str) -> str:
    """The family of a type: `g6e` of `g6e.2xlarge` and of `ml.g6e.2xlarge`."""
    return instance_type.removeprefix("ml.").partition(".")[0]


def is_accelerated(name: str) -> bool:
    """Whether machines of that family or category have GPUs or other accelerators."""
    return _ACCELERATED.match(name) is not None


def instance_types(machines: Resource) -> tuple[Node, ...]:
    """The types that are named; none where a pool names families, or a group leaves it to its launch template.

    Raises:
        Undetermined: They come from a launch template which is not in the stack.
    """
    if machines.token in NODE_POOLS:
        return requirement(machines, _TYPE_KEY)
    if machines.token == ENDPOINT:
        return tuple(
            variant["instanceType"]
            for name in _VARIANTS
            for variant in machines[name].items()
            if not variant["instanceType"].missing
        )
    return tuple(_own_types(machines)) or _template_types(machines)


def default_type(machines: Resource) -> str:
    """The type of machines that nobody names one for; empty where there is none."""
    return _DEFAULT_NODE if machines.token == NODE_GROUP else ""


def families(machines: Resource) -> tuple[str, ...]:
    """Families that the machines are of; of a pool that states categories, the oldest that it admits.

    A pool that states neither types, families nor categories has none: it may start anything.
    """
    types = [family(node.text() or "") for node in instance_types(machines)]
    if machines.token in NODE_POOLS and not types:
        types = [node.text() or "" for node in _labelled(machines, "instance-family")]
        types = types or [
            f"{category.text() or ''}{generation}"
            for category in _labelled(machines, "instance-category")
            for generation in _generations(machines)
        ]
    return tuple(types) or tuple(family(name) for name in (default_type(machines),) if name)


def most_nodes(machines: Resource) -> Node:
    """Where the machines' largest number is stated; a pool may limit CPUs instead, a single instance is one."""
    if machines.token == NODE_GROUP:
        return machines.at("scalingConfig", "maxSize")
    if machines.token in NODE_POOLS:
        return machines.at("spec", "limits", "nodes")
    return machines["maxSize"]


def requirement(pool: Resource, key: str) -> tuple[Node, ...]:
    """Values that a pool's requirements admit for a label; none if it states none."""
    return tuple(
        value
        for entry in _requirements(pool)
        if entry["key"].text() == key and entry["operator"].text() == "In"
        for value in entry["values"].items()
    )


def wants_accelerators(pool: Resource) -> bool:
    """Whether a pool asks for machines with GPUs or other accelerators, whatever their type."""
    wanted = tuple(f"{domain}/instance-{kind}-" for domain in _LABEL_DOMAINS for kind in ("gpu", "accelerator"))
    return any((entry["key"].text() or "").startswith(wanted) for entry in _requirements(pool))


def _requirements(pool: Resource) -> tuple[Node, ...]:
    return pool.at("spec", "template", "spec", "requirements").items()


def _labelled(pool: Resource, name: str) -> tuple[Node, ...]:
    return tuple(node for domain in _LABEL_DOMAINS for node in requirement(pool, f"{domain}/{name}"))


def _generations(pool: Resource) -> list[int]:
    """Generations of a category, the oldest that is admitted where only a bound is stated."""
    keys = {f"{domain}/instance-generation" for domain in _LABEL_DOMAINS}
    stated = [entry for entry in _requirements(pool) if entry["key"].text() in keys]
    for entry in stated:
        values = [int(value.number() or 0) for value in entry["values"].items()]
        operator = entry["operator"].text()
        if values and operator in ("In", "Gt", "Gte"):
            return [value + 1 if operator == "Gt" else value for value in values]
    return [1]


def _own_types(machines: Resource) -> Iterator[Node]:
    if machines.token == NODE_GROUP:
        yield from machines["instanceTypes"].items()
    elif machines.token == SCALING_GROUP:
        for override in machines.at("mixedInstancesPolicy", "launchTemplate", "overrides").items():
            if not override["instanceType"].missing:
                yield override["instanceType"]
    elif not machines["instanceType"].missing:
        yield machines["instanceType"]


def _template_types(machines: Resource) -> tuple[Node, ...]:
    """The type that the machines' launch template names."""
    mixed = machines.at("mixedInstancesPolicy", "launchTemplate", "launchTemplateSpecification")
    reference = machines["launchTemplate"] if mixed.missing else mixed
    if reference.missing:
        return ()
    templates = [source for source in machines.sources(reference) if source.token == LAUNCH_TEMPLATE]
    if not templates:
        raise Undetermined(reference.path, machines.urn)
    return tuple(template["instanceType"] for template in templates[:1] if not template["instanceType"].missing)
