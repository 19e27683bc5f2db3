"""Rule `lambda-code-signing`: functions run only code that was signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import FUNCTION
from policies.views import Resource
from serving.blueprint.vocabulary import EnvironmentKind

CODE_SIGNING: Final = "aws:lambda/codeSigningConfig:CodeSigningConfig"


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge a function of an archive, or what is done with code that was not signed."""
    yield from _judge_function(resource) if resource.token == FUNCTION else _judge_configuration(resource)


def _judge_function(function: Resource) -> Iterator[Outcome]:
    if function["packageType"].text() == "Image":
        return  # images are signed as images; Lambda's code signing is for archives alone
    node = function["codeSigningConfigArn"]
    if node.unknown and any(source.token == CODE_SIGNING for source in function.sources(node)):
        return
    if not (node.text() or "").strip():
        yield Violation(f"{node.place} is missing")


def _judge_configuration(configuration: Resource) -> Iterator[Outcome]:
    node = configuration.at("policies", "untrustedArtifactOnDeployment")
    if node.text() != "Enforce":
        shown = "missing, which means Warn" if node.missing else node.shown
        yield Violation(f"{node.place} is {shown}", remedy="set untrustedArtifactOnDeployment to Enforce")


RULE = Rule(
    id="lambda-code-signing",
    title="Functions refuse code that is not signed",
    description=(
        "Every Lambda function that is deployed from an archive names a code signing configuration, and every such "
        "configuration refuses what is not signed (Enforce; the default, Warn, lets it pass). Functions that run an "
        "image are judged by the rules of images."
    ),
    effect="whoever may update the function may run any code with its role",
    remedy="make a CodeSigningConfig with untrustedArtifactOnDeployment Enforce and set codeSigningConfigArn",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(FUNCTION, CODE_SIGNING),
    parameters=Parameters,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
