"""Rule `chaos-guarded`: failures are tried on purpose, and a trial ends before it hurts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import SERVERS
from policies.views import Node, Resource
from policies.workloads import marks
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import Tier

TEMPLATE: Final = "aws:fis/experimentTemplate:ExperimentTemplate"
_ALARM: Final = "aws:cloudwatch:alarm"
_LOGS: Final = ("cloudwatchLogsConfiguration", "s3Configuration")
_CHOOSING: Final = ("resourceTags", "resourceArns", "parameters")


class Experiments(Parameters):
    """Parameters."""

    tiers: tuple[str, ...] = Field(
        default=(str(Tier.USERS_STOP.value),),
        description="Values of the tier label of services that need an experiment.",
    )


def check_stack(stack: Stack, parameters: Experiments) -> Outcomes:
    """Judge the experiment templates, and that there is one where a service needs it."""
    templates = stack.of(TEMPLATE)
    yield from judge_each(templates, _judge_template)
    if templates:
        return
    needing: list[str] = []

    def read(workload: Resource) -> Iterator[Outcome]:
        tier = marks(workload["metadata"]).get(TagKey.TIER.label)
        if tier is not None and tier.text() in parameters.tiers:
            needing.append(workload.urn)
        yield from ()

    yield from judge_each(stack.of(*SERVERS), read)
    if needing:
        yield Violation("no experiment tries what happens when a part of it fails", needing[0])


def _judge_template(template: Resource) -> Outcomes:
    aspects: tuple[Callable[[Resource], Outcomes], ...] = (_judge_stop, _judge_role, _judge_targets, _judge_logs)
    yield from judge_each(aspects, lambda aspect: aspect(template))


def _judge_stop(template: Resource) -> Iterator[Outcome]:
    conditions = template["stopConditions"]
    if not any(each["source"].text() == _ALARM and not each["value"].missing for each in conditions.items()):
        yield Violation(f"{conditions.place} names no alarm that ends the experiment", template.urn)


def _judge_role(template: Resource) -> Iterator[Outcome]:
    if template["roleArn"].missing:
        yield Violation(f"{template['roleArn'].place} is missing", template.urn)


def _judge_targets(template: Resource) -> Outcomes:
    def judge(target: Node) -> Iterator[Outcome]:
        chosen = (target[key] for key in _CHOOSING)
        if not any(node.entries() if node.path[-1] == "parameters" else node.items() for node in chosen):
            yield Violation(f"{target.place} names no tags, so that it is everything of its type", template.urn)

    yield from judge_each(template["targets"].items(), judge)


def _judge_logs(template: Resource) -> Iterator[Outcome]:
    logs = template["logConfiguration"]
    if all(logs[key].missing for key in _LOGS):
        yield Violation(f"{logs.place} is missing", template.urn)


RULE = Rule(
    id="chaos-guarded",
    title="Failures are tried by experiments that an alarm stops",
    description=(
        "Each experiment template of AWS Fault Injection Service has a stop condition by a CloudWatch alarm, a role, "
        "targets that are chosen by tags, ARNs or a cluster's parameters, and a log. A stack with a service of tier 0 "
        "has such a template. Practice may be kept in another stack, so that the rule advises."
    ),
    effect="a failover that was never tried fails, or a trial goes on while users suffer",
    remedy="add a fis ExperimentTemplate with stopConditions, resourceTags and a logConfiguration",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.LOW,
    tokens=(TEMPLATE, *SERVERS),
    parameters=Experiments,
    check_stack=check_stack,
    level=Level.ADVISORY,
)
