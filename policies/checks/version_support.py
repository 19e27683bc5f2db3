"""Rule `version-support`: nothing runs that nobody mends any more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from policies.frameworks import EKS_2, LAMBDA_2
from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.tokens import EKS_ADDON, EKS_CLUSTER, FUNCTION, NODE_GROUP
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

_KUBE_PROXY: Final = "kube-proxy"
_MINOR: Final = re.compile(r"^v?1\.(\d{1,3})(?:\.|$|-)", re.ASCII)
_RELEASE: Final = re.compile(r"^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:$|[-+])", re.ASCII)
_LAG: Final = 3
"""Minor versions that kubelet and kube-proxy may be older than the API server; never newer (Kubernetes version skew
policy, read 2026-11)."""

_Addon = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*=v?\d{1,4}\.\d{1,4}(\.\d{1,4})?$")]
_End = Annotated[str, StringConstraints(pattern=r"^1\.\d{1,3}=\d{4}-\d{2}-\d{2}$")]


class Support(Parameters):
    """Parameters."""

    # endoflife-date/endoflife.date, products/amazon-eks.md of 2026-08-22, which is made from the "Amazon EKS Kubernetes
    # release calendar" of the EKS user guide, read 2026-11-26; the calendar itself was read up to 1.34, in 2026-11
    standard_support_ends: tuple[_End, ...] = Field(
        default=(
            "1.30=2025-07-23",
            "1.31=2025-11-26",
            "1.32=2026-03-23",
            "1.33=2026-07-29",
            "1.34=2026-12-02",
            "1.35=2027-03-27",
            "1.36=2027-08-02",
        ),
        min_length=1,
        description="Kubernetes minor version = last day of standard support on EKS. Newer ones are supported.",
    )
    # Names: botocore 1.44.8, lambda, `Runtime`. Past their day of deprecation on 2026-11-26: cfn-lint 1.58.0 (AWS's own
    # linter), LmbdRuntimeLifecycle.json of 2026-10-20; endoflife-date/endoflife.date, products/aws-lambda.md, has the
    # same days. The table of the AWS Lambda developer guide, "Lambda runtimes", was not read itself. Next are ruby3.3
    # (2027-03-31), nodejs22.x (2027-04-30), java8.al2, java11, java17 and python3.11 (2027-06-30).
    retired_runtimes: tuple[str, ...] = Field(
        default=(
            "dotnet6",
            "dotnet8",
            "dotnetcore1.0",
            "dotnetcore2.0",
            "dotnetcore2.1",
            "dotnetcore3.1",
            "go1.x",
            "java8",
            "nodejs",
            "nodejs4.3",
            "nodejs4.3-edge",
            "nodejs6.10",
            "nodejs8.10",
            "nodejs10.x",
            "nodejs12.x",
            "nodejs14.x",
            "nodejs16.x",
            "nodejs18.x",
            "nodejs20.x",
            "provided",
            "provided.al2",
            "python2.7",
            "python3.6",
            "python3.7",
            "python3.8",
            "python3.9",
            "python3.10",
            "ruby2.5",
            "ruby2.7",
            "ruby3.2",
        ),
        description="Lambda runtimes that get no security patches any more.",
    )
    # Older ones do not enforce a NetworkPolicy: Amazon EKS user guide, "Configure your cluster for Kubernetes network
    # policies" (copy), "Version 1.14 or later of the Amazon VPC CNI plugin"; aws/amazon-vpc-cni-k8s, release notes of
    # v1.14.0; read 2026-11-26. The guide's present page asks for 1.21, for admin network policies as well.
    lowest_addons: tuple[_Addon, ...] = Field(
        default=("vpc-cni=1.14",),
        description="Name of an EKS add-on = lowest version that may be stated; what follows a hyphen does not count.",
    )


_Aspect = Callable[[Resource, Support], Outcomes]


def check(resource: Resource, parameters: Support) -> Outcomes:
    """Judge a cluster with its node groups and kube-proxy, an add-on, or a function."""
    aspects: dict[str, tuple[_Aspect, ...]] = {
        EKS_CLUSTER: (
            _judge_version,
            _judge_upgrade_policy,
            partial(_judge_companions, NODE_GROUP),
            partial(_judge_companions, EKS_ADDON),
        ),
        EKS_ADDON: (_judge_addon,),
        FUNCTION: (_judge_runtime,),
    }
    yield from judge_each(aspects[resource.token], lambda aspect: aspect(resource, parameters))


def _judge_version(cluster: Resource, parameters: Support) -> Iterator[Outcome]:
    node = cluster["version"]
    if node.missing:
        yield Violation(f"{node.place} is missing, so nobody decided on it")
        return
    ends = {_minor_of(minor): date.fromisoformat(day) for minor, day in _split(parameters)}
    minor = _minor(node)
    if minor in ends and ends[minor] < cluster.stack.today:
        yield Violation(f"{node.place} is {node.shown}, whose standard support ended on {ends[minor]}")
    elif minor < min(ends):
        yield Violation(f"{node.place} is {node.shown}, whose standard support ended long ago")


def _judge_upgrade_policy(cluster: Resource, parameters: Support) -> Iterator[Outcome]:
    node = cluster.at("upgradePolicy", "supportType")
    if node.text() != "STANDARD":
        shown = "missing, which means EXTENDED" if node.missing else node.shown
        yield Violation(f"{node.place} is {shown}", remedy="set upgradePolicy.supportType to STANDARD")


def _judge_companions(token: str, cluster: Resource, parameters: Support) -> Iterator[Outcome]:
    """Judge how far node groups, or kube-proxy, are from the cluster."""
    if cluster["version"].missing:
        return
    companions = cluster.stack.companions(cluster, token, "clusterName")
    yield from judge_each(companions.bound, partial(_judge_skew, cluster))
    if companions.loose:
        raise Undetermined(companions.loose[0].path, companions.loose[0].urn)


def _judge_skew(cluster: Resource, companion: Resource) -> Iterator[Outcome]:
    if companion.token == EKS_ADDON and companion["addonName"].text() != _KUBE_PROXY:
        return
    node = companion["version" if companion.token == NODE_GROUP else "addonVersion"]
    if node.missing:
        return  # EKS picks what fits the cluster
    behind = _minor(cluster["version"]) - _minor(node)
    if not 0 <= behind <= _LAG:
        direction = "newer" if behind < 0 else f"more than {_LAG} minor versions older"
        yield Violation(
            f"{node.place} is {node.shown}, {direction} than its cluster",
            companion.urn,
            remedy="upgrade the cluster first, then its nodes and kube-proxy, one minor version at a time",
        )


def _judge_addon(addon: Resource, parameters: Support) -> Iterator[Outcome]:
    node = addon["addonVersion"]
    if node.missing:
        return  # EKS picks its default one
    lowest = dict(entry.split("=") for entry in parameters.lowest_addons).get(addon["addonName"].text() or "")
    if lowest is not None and _release(node) < _release(Node(lowest)):
        yield Violation(f"{node.place} is {node.shown}, older than {lowest}", remedy=f"upgrade the add-on to {lowest}")


def _judge_runtime(function: Resource, parameters: Support) -> Iterator[Outcome]:
    node = function["runtime"]
    if node.text() in parameters.retired_runtimes:
        yield Violation(f"{node.place} is {node.shown}, which gets no security patches any more")


def _split(parameters: Support) -> Iterator[tuple[str, str]]:
    for entry in parameters.standard_support_ends:
        minor, _, day = entry.partition("=")
        yield minor, day


def _minor(node: Node) -> int:
    """Minor version of Kubernetes that is written at `node`."""
    match = _MINOR.match(node.text() or "")
    if match is None:
        raise node.malformed("a version of Kubernetes such as 1.35")
    return int(match[1])


def _release(node: Node) -> tuple[int, ...]:
    """Version of an add-on that is written at `node`, as three numbers; what is not stated is zero."""
    match = _RELEASE.match(node.text() or "")
    if match is None:
        raise node.malformed("a version of an add-on such as v1.21.1-eksbuild.8")
    return tuple(int(number or 0) for number in match.groups())


def _minor_of(text: str) -> int:
    return int(text.partition(".")[2])


RULE = Rule(
    id="version-support",
    title="Clusters, add-ons and functions run versions that are still supported",
    description=(
        "An EKS cluster states a Kubernetes version in standard support on the day of the preview, and the upgrade "
        "policy STANDARD; its node groups and kube-proxy are not newer and at most three minor versions older. An EKS "
        "add-on that states a version states no older one than the table has for it; one without a version gets EKS's "
        "default and is not judged, nor is one that the table does not name. A Lambda function's runtime is not "
        "retired. A version newer than the table is taken for supported."
    ),
    effect="known holes stay open, AWS charges six times the price, or upgrades the cluster on a day of its own",
    remedy="move to a supported version; add new ones to the table by the parameters of this rule",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(EKS_CLUSTER, EKS_ADDON, FUNCTION),
    parameters=Support,
    check=check,
    frameworks=(EKS_2, LAMBDA_2),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
