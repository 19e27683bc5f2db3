"""Rule `img-registry-allowlist`: images come from registries of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from policies.images import IMAGE_USERS, ecr_registry, host_of, images, repository_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

_REPOSITORIES = frozenset({"aws:ecr/repository:Repository", "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"})


class Registries(Parameters):
    """Parameters."""

    accounts: tuple[str, ...] = Field(
        default=(), description="AWS accounts whose private ECR registries are allowed; any by default."
    )
    regions: tuple[str, ...] = Field(
        default=(), description="Regions whose private ECR registries are allowed; any by default."
    )
    also_allowed: tuple[str, ...] = Field(
        default=(), description="Further hosts, or hosts with a path, as `registry.example.com/ml`."
    )


def check(resource: Resource, parameters: Registries) -> Outcomes:
    """Judge where every image comes from."""
    yield from judge_each(images(resource), lambda image: _judge(resource, image, parameters))


def _judge(resource: Resource, image: Node, parameters: Registries) -> Iterator[Outcome]:
    if image.unknown and any(source.token in _REPOSITORIES for source in resource.sources(image)):
        return
    name = image.text() or ""
    if not _is_allowed(name, parameters):
        yield Violation(f"{image.place} is {'missing' if image.missing else image.shown}, not of an allowed registry")


def _is_allowed(image: str, parameters: Registries) -> bool:
    repository = repository_of(image)
    if any(repository == own or repository.startswith(f"{own.rstrip('/')}/") for own in parameters.also_allowed):
        return True
    registry = ecr_registry(host_of(image))
    if registry is None:
        return False
    return (not parameters.accounts or registry.account in parameters.accounts) and (
        not parameters.regions or registry.region in parameters.regions
    )


RULE = Rule(
    id="img-registry-allowlist",
    title="Images come from registries of our own",
    description=(
        "Every image of workloads, functions, SageMaker models and ECS tasks comes from a private Amazon ECR registry "
        "(of the stated accounts and regions, where any are stated) or from a registry of the allow-list. Images of "
        "others are mirrored, or come through a pull-through cache, whose names are those of the own registry. An "
        "image that is not known yet is allowed where it comes from a repository of the stack."
    ),
    effect="what runs was never scanned nor signed by anybody here, and is gone when somebody else's registry is",
    remedy="mirror the image or pull it through a cache rule of ECR; or name the registry in `also_allowed`",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=IMAGE_USERS,
    parameters=Registries,
    check=check,
)
