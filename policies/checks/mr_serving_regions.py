"""Rule `mr-serving-regions`: what serves is in several regions, with all that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from pydantic import Field

from policies.regions import region_of
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
    guard,
    judge_each,
)
from policies.stack import Stack
from policies.tokens import EKS_CLUSTER, REGISTRY_REPLICATION, REPOSITORY, SERVERS
from policies.views import Node, Resource
from policies.workloads import namespace, object_name, serves_inference


class ServingRegions(Parameters):
    """Parameters."""

    minimum_regions: int = Field(default=2, ge=1, description="Fewest regions with clusters.")
    allowed_regions: tuple[str, ...] = Field(default=(), description="Regions that may serve; empty for all.")


def check_stack(stack: Stack, parameters: ServingRegions) -> Outcomes:
    """Judge the regions of the stack's clusters, and what is in each of them."""
    clusters = stack.of(EKS_CLUSTER)
    if not clusters:
        return
    regions: set[str | None] = set()

    def read(cluster: Resource) -> Iterator[Outcome]:
        region = region_of(cluster)
        regions.add(region)
        if parameters.allowed_regions and region not in parameters.allowed_regions:
            yield Violation("its region is not among those that may serve", cluster.urn)

    problems = list(judge_each(clusters, read))
    yield from problems
    if len(regions) < parameters.minimum_regions and not problems:
        yield Violation(f"clusters are in fewer than {parameters.minimum_regions} regions", clusters[0].urn)
    aspects: list[Callable[[], Outcomes]] = [
        partial(_judge_registry, stack, regions),
        partial(_judge_workloads, stack, min(len(regions), parameters.minimum_regions)),
    ]
    for aspect in aspects:
        yield from guard(aspect)


def _judge_registry(stack: Stack, regions: set[str | None]) -> Iterator[Outcome]:
    """Each region pulls from a registry of its own: a far one is gone together with its region."""
    repositories = stack.of(REPOSITORY)
    if not repositories:
        return
    held = {region_of(repository) for repository in repositories}
    held |= {
        destination["region"].text()
        for replication in stack.of(REGISTRY_REPLICATION)
        for rule in _rules(replication)
        for destination in rule["destinations"].items()
    }
    if regions - held:
        yield Violation(
            "images are in no registry of a region with a cluster, itself or as copies", repositories[0].urn
        )


def _rules(replication: Resource) -> tuple[Node, ...]:
    return replication.at("replicationConfiguration", "rules").items()


def _judge_workloads(stack: Stack, wanted: int) -> Outcomes:
    """Whatever serves a model runs in as many clusters."""
    clusters: dict[tuple[str, str], set[str]] = {}
    urns: dict[tuple[str, str], str] = {}

    def read(workload: Resource) -> Iterator[Outcome]:
        if serves_inference(workload):
            key = (_tenant(workload), object_name(workload))
            clusters.setdefault(key, set()).add(workload.provider.urn if workload.provider else "")
            urns.setdefault(key, workload.urn)
        yield from ()

    yield from judge_each(stack.of(*SERVERS), read)
    for key, found in clusters.items():
        if len(found) < wanted:
            yield Violation(f"it runs in fewer than {wanted} clusters", urns[key])


def _tenant(workload: Resource) -> str:
    """The namespace's name; Namespaces of several clusters share a name, not a URN."""
    place = namespace(workload)
    source = workload.stack.get(place)
    return place if source is None else object_name(source) if not source.at("metadata", "name").unknown else ""


RULE = Rule(
    id="mr-serving-regions",
    title="Clusters, images and services are in two regions or more",
    description=(
        "The stack's EKS clusters are in at least the configured number of (allowed) regions, by their effective "
        "region; each of these regions has the images, in a repository or as a replication's destination; each "
        "workload that serves a model runs in as many clusters. A stack may hold one region of several that are "
        "stacks of their own, so that the rule advises; a stack that holds all of them raises its level."
    ),
    effect="the loss of one region ends the service, or starts a second one that cannot pull its images",
    remedy="add a cluster, a registry's copy and the workloads in another region",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(EKS_CLUSTER, REPOSITORY, REGISTRY_REPLICATION, *SERVERS),
    parameters=ServingRegions,
    check_stack=check_stack,
    level=Level.ADVISORY,
)
