"""Rule `log-data-protection`: what people wrote is masked in logs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.regions import region_of
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tagging import tag_of
from policies.tokens import LOG_GROUP
from policies.views import Node, Resource, Undetermined
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind

POLICY: Final = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
ACCOUNT_POLICY: Final = "aws:cloudwatch/logAccountPolicy:LogAccountPolicy"
INVOCATION_LOGGING: Final = "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration"
_ACCOUNT_POLICY_TYPE: Final = "DATA_PROTECTION_POLICY"
_UNPROTECTED: Final = "no data protection policy masks what the log group receives"


class LogProtection(Parameters):
    """Parameters."""

    class_tag: str = Field(default=TagKey.DATA_CLASS.value, description="Tag key of the data class.")
    classes: tuple[str, ...] = Field(
        default=("confidential", "restricted", "pii"), description="Data classes whose logs must be masked."
    )
    name_patterns: tuple[str, ...] = Field(
        default=("*prompt*", "*completion*", "*/bedrock/*", "/aws/sagemaker/Endpoints/*"),
        description="Names of log groups that hold prompts or answers, whatever their tags say.",
    )


def check(resource: Resource, parameters: LogProtection) -> Outcomes:
    """Judge a log group that may hold prompts, or the logging of invocations by the group that it writes to."""
    if resource.token == LOG_GROUP:
        if _may_quote_people(resource, parameters) and not _is_protected(resource):
            yield Violation(_UNPROTECTED)
        return
    yield from _judge_logging(resource, parameters)


def _judge_logging(logging: Resource, parameters: LogProtection) -> Iterator[Outcome]:
    name = logging.at("loggingConfig", "cloudwatchConfig", "logGroupName")
    if name.missing:
        return
    groups = [source for source in logging.sources(name) if source.token == LOG_GROUP]
    if name.unknown and not groups:
        raise Undetermined(name.path, name.urn)
    if not name.unknown:
        groups = _named(logging, name.text() or "")
    for group in groups:
        if not _may_quote_people(group, parameters) and not _is_protected(group):
            yield Violation(f"{_UNPROTECTED}, and Bedrock writes prompts and answers to it", group.urn)


def _named(logging: Resource, name: str) -> list[Resource]:
    """Log groups of that name; none where the group is not in the stack."""
    groups = logging.stack.of(LOG_GROUP)
    found = [group for group in groups if not group["name"].unknown and group["name"].text() == name]
    lost = [] if found else [group["name"] for group in groups if group["name"].unknown]
    if lost:
        raise Undetermined(lost[0].path, lost[0].urn)
    return found


def _may_quote_people(group: Resource, parameters: LogProtection) -> bool:
    name = group["name"].text() or group.name
    if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in parameters.name_patterns):
        return True
    return tag_of(group, parameters.class_tag) in parameters.classes


def _is_protected(group: Resource) -> bool:
    stack = group.stack
    companions = stack.companions(group, POLICY, "logGroupName")
    if any(_masks(policy["policyDocument"]) for policy in companions.bound):
        return True
    for policy in stack.of(ACCOUNT_POLICY):
        here = region_of(policy) == region_of(group)
        if here and policy["policyType"].text() == _ACCOUNT_POLICY_TYPE and _masks(policy["policyDocument"]):
            return True
    return not companions.bound and companions.one_or_doubt() is not None


def _masks(document: Node) -> bool:
    statements = document.document()["Statement"].items()
    return any(not statement.at("Operation", "Deidentify").missing for statement in statements)


RULE = Rule(
    id="log-data-protection",
    title="Logs that may quote people are masked",
    description=(
        "Each log group of a sensitive data class, with a name that speaks of prompts, or to which Bedrock logs "
        "invocations has a data protection policy with a Deidentify operation: its own, or one of the account in "
        "the same region."
    ),
    effect="whoever may read logs reads names, addresses and card numbers out of prompts and answers",
    remedy=(
        "add a LogDataProtectionPolicy whose statements audit and deidentify the data identifiers of personal "
        "data and credentials"
    ),
    topic=Topic.RETENTION,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(LOG_GROUP, INVOCATION_LOGGING),
    parameters=LogProtection,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
