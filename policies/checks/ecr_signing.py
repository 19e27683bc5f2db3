"""Rule `ecr-signing`: what is pushed is signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.registries import ByRegion, by_region, matches, repository_name
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import CLOUD_CONTROL, REPOSITORY
from policies.views import Node, Resource

PROFILE: Final = "aws:signer/signingProfile:SigningProfile"
NATIVE: Final = "aws-native:ecr:SigningConfiguration"
SIGNING_TYPE: Final = "AWS::ECR::SigningConfiguration"
_PLATFORM: Final = "Notation-OCI-SHA384-ECDSA"
"""The only signing platform for container images (AWS Signer developer guide, "Concepts", read 2026-11)."""


def check(repository: Resource, parameters: Parameters) -> Outcomes:
    """Judge a repository by the signing of its registry, and by the profile that signs."""
    rules = list(_rules(repository))
    if not rules:
        yield Violation("the stack sets no signing of its registry in this region")
        return
    name = repository_name(repository)
    covering = [rule for rule in rules if any(matches(one, name) for one in _filters(rule))]
    if not covering:
        yield Violation("no rule of the registry's signing covers it")
    yield from judge_each(covering, lambda rule: _judge_profile(repository.stack, rule))


def _rules(repository: Resource) -> Iterator[Node]:
    """Rules of the signing configurations of the region, in the words of CloudFormation or of aws-native."""
    for resource in _configurations(repository.stack).near(repository):
        state = resource["desiredState"].document()
        yield from state["Rules"].items()
    for resource in by_region(repository.stack, NATIVE).near(repository):
        yield from resource["rules"].items()


def _configurations(stack: Stack) -> ByRegion:
    return by_region(stack, CLOUD_CONTROL, lambda resource: resource["typeName"].text() == SIGNING_TYPE)


def _filters(rule: Node) -> Iterator[Node]:
    for one in (*rule["RepositoryFilters"].items(), *rule["repositoryFilters"].items()):
        yield one["filter"] if one["Filter"].missing else one["Filter"]


def _judge_profile(stack: Stack, rule: Node) -> Iterator[Outcome]:
    """Judge the platform of the profile, where it is a profile of the stack."""
    arn = rule["signingProfileArn"] if rule["SigningProfileArn"].missing else rule["SigningProfileArn"]
    name = (arn.text() or "").rpartition("/")[2]
    for profile in stack.of(PROFILE):
        platform = profile["platformId"]
        if profile["name"].text() == name and platform.text() != _PLATFORM:
            yield Violation(f"{platform.place} is {platform.shown}, which signs no images", profile.urn)


RULE = Rule(
    id="ecr-signing",
    title="Images are signed when they are pushed",
    description=(
        "Every ECR repository is covered by a rule of its registry's managed signing (AWS::ECR::SigningConfiguration, "
        "by aws.cloudcontrol.Resource or aws-native) in the same region, and the profile that signs is for container "
        "images. Advisory by default: signing in the pipeline, by cosign or Notation, is as good, and a stack does "
        "not show it."
    ),
    effect="nobody can tell an image of the pipeline from one that somebody pushed by hand",
    remedy="declare a Signer profile for Notation-OCI-SHA384-ECDSA and a signing configuration with a matching filter",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(REPOSITORY,),
    parameters=Parameters,
    check=check,
    level=Level.ADVISORY,
)
