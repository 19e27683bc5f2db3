"""Rule `ecr-scan-enhanced`: images are searched for vulnerabilities again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.frameworks import ECR_1
from policies.registries import by_region, matches, repository_name
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
from policies.tokens import REPOSITORY
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

SCANNING: Final = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
INSPECTOR: Final = "aws:inspector2/enabler:Enabler"


class Scanning(Parameters):
    """Parameters."""

    registry_elsewhere: bool = Field(
        default=False,
        description="Whether somebody else sets the registry's scanning, as an organisation does for its accounts.",
    )
    inspector_elsewhere: bool = Field(
        default=False, description="Whether somebody else enables Amazon Inspector for the account."
    )


def check(resource: Resource, parameters: Scanning) -> Outcomes:
    """Judge a repository by the settings of its registry, or those settings."""
    if resource.token == REPOSITORY:
        if not parameters.registry_elsewhere:
            yield from _judge_repository(resource)
        return
    aspects: tuple[Callable[[Resource, Scanning], Outcomes], ...] = (_judge_type, _judge_inspector)
    yield from judge_each(aspects, lambda aspect: aspect(resource, parameters))


def _judge_repository(repository: Resource) -> Iterator[Outcome]:
    settings = by_region(repository.stack, SCANNING).near(repository)
    if not settings:
        yield Violation("the stack sets no scanning of its registry in this region")
        return
    name = repository_name(repository)
    rules = [rule for one in settings for rule in one["rules"].items()]
    if not any(_scans_always(rule, name) for rule in rules):
        yield Violation("no rule of the registry's scanning covers it with CONTINUOUS_SCAN")


def _scans_always(rule: Node, name: str) -> bool:
    if rule["scanFrequency"].text() != "CONTINUOUS_SCAN":
        return False
    return any(matches(one["filter"], name) for one in rule["repositoryFilters"].items())


def _judge_type(settings: Resource, parameters: Scanning) -> Iterator[Outcome]:
    node = settings["scanType"]
    if node.text() != "ENHANCED":
        yield Violation(f"{node.place} is {'missing' if node.missing else node.shown}")


def _judge_inspector(settings: Resource, parameters: Scanning) -> Iterator[Outcome]:
    if parameters.inspector_elsewhere:
        return
    enablers = by_region(settings.stack, INSPECTOR).near(settings)
    types = (node.text() for enabler in enablers for node in enabler["resourceTypes"].items())
    if "ECR" not in types:
        yield Violation("Amazon Inspector is not enabled for ECR in this region")


RULE = Rule(
    id="ecr-scan-enhanced",
    title="Images are scanned continuously by Amazon Inspector",
    description=(
        "The registry of every ECR repository is scanned with scanType ENHANCED, by a rule with CONTINUOUS_SCAN "
        "whose filters match the repository, and Amazon Inspector is enabled for ECR in the same region. A "
        "repository's own scanOnPush looks once, and at packages of the operating system alone, so it does not count."
    ),
    effect="a vulnerability that becomes known after the push is noticed by nobody",
    remedy=(
        "declare RegistryScanningConfiguration and inspector2.Enabler in each region with repositories; where the "
        "organisation does, set `registry_elsewhere` and `inspector_elsewhere`"
    ),
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(REPOSITORY, SCANNING),
    parameters=Scanning,
    check=check,
    frameworks=(ECR_1,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
