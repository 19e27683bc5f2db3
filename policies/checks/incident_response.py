"""Rule `incident-response`: alarms reach people, by services that will still be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.alerts import ALARMS, COMPOSITE_ALARM, RULE_GROUPS, alerts, parsed, texts, words
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tagging import tags
from policies.tokens import METRICS_WORKSPACE, TOPIC
from policies.views import Node, Resource
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

SUBSCRIPTION: Final = "aws:sns/topicSubscription:TopicSubscription"
CHATS: Final = (
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration",
)
ALERT_MANAGER: Final = "aws:amp/alertManagerDefinition:AlertManagerDefinition"
# Closed to new customers on 2025-11-07 (AWS Systems Manager Incident Manager user guide, "availability change",
# read 2026-11): plans, contacts and rotations cannot be made in another account.
INCIDENT_MANAGER: Final = (
    "aws:ssmincidents/replicationSet:ReplicationSet",
    "aws:ssmincidents/responsePlan:ResponsePlan",
    "aws:ssmcontacts/contact:Contact",
    "aws:ssmcontacts/contactChannel:ContactChannel",
    "aws:ssmcontacts/plan:Plan",
    "aws:ssmcontacts/rotation:Rotation",
)
_INCIDENT_ARNS: Final = (":ssm-incidents:", ":ssm-contacts:")
_CLOSED: Final = "Incident Manager takes no new customers since 2025-11-07"


class Escalation(Parameters):
    """Parameters."""

    tiers: tuple[str, ...] = Field(
        default=(str(Tier.USERS_STOP.value),), description="Tiers whose alarms must act, by the tier tag."
    )


def check(resource: Resource, parameters: Escalation) -> Outcomes:
    """Judge one alarm, the alerts of one rule file, or one part of Incident Manager."""
    if resource.token in INCIDENT_MANAGER:
        yield Violation(f"{resource.token.split('/')[0]} is used: {_CLOSED}")
    elif resource.token == RULE_GROUPS:
        if alerts(resource):
            yield from _judge_route(resource)
    else:
        aspects: tuple[Callable[[Resource, Escalation], Outcomes], ...] = (_judge_silence, _judge_actions)
        yield from judge_each(aspects, lambda aspect: aspect(resource, parameters))


def _judge_silence(alarm: Resource, parameters: Escalation) -> Iterator[Outcome]:
    """An alarm of such a tier acts, unless a composite alarm acts upon it."""
    tier = tags(alarm).get(TagKey.TIER.value)
    if tier is None or tier.text() not in parameters.tiers:
        return
    if alarm["actionsEnabled"].truth() is False:
        yield Violation("actionsEnabled is false")
    elif not alarm["alarmActions"].items() and not _is_watched(alarm):
        yield Violation("alarmActions is empty and no composite alarm watches it")


def _is_watched(alarm: Resource) -> bool:
    names, urns = alarm.stack.index("composite-alarms", lambda: _watched(alarm.stack))
    name = alarm["name"]
    return alarm.urn in urns or (not name.unknown and name.text() in names)


def _watched(stack: Stack) -> tuple[set[str], set[str]]:
    """Names and URNs of the alarms that composite alarms speak of."""
    names: set[str] = set()
    urns: set[str] = set()
    for composite in stack.of(COMPOSITE_ALARM):
        rule = composite["alarmRule"]
        urns.update(source.urn for source in composite.sources(rule))
        for text in texts(rule):
            names |= words(text)
    return names, urns


def _judge_actions(alarm: Resource, parameters: Escalation) -> Iterator[Outcome]:
    yield from judge_each(alarm["alarmActions"].items(), lambda action: _judge_action(alarm, action))


def _judge_action(alarm: Resource, action: Node) -> Iterator[Outcome]:
    """A topic of this stack has a subscriber; one of another stack is that stack's affair."""
    if action.unknown:
        sources = alarm.sources(action)
        if not sources:
            action.text()  # nothing tells what it is
        if any(source.token in INCIDENT_MANAGER for source in sources):
            yield Violation(f"{action.place} starts an incident: {_CLOSED}")
        for topic in (source for source in sources if source.token == TOPIC):
            yield from _judge_topic(topic)
    elif any(part in (action.text() or "") for part in _INCIDENT_ARNS):
        yield Violation(f"{action.place} starts an incident: {_CLOSED}")


def _judge_topic(topic: Resource) -> Iterator[Outcome]:
    stack = topic.stack
    listeners = stack.companions(topic, SUBSCRIPTION, "topic")
    chats = [stack.companions(topic, token, "snsTopicArns") for token in CHATS]
    if listeners.bound or any(chat.bound for chat in chats):
        return
    for loose in (listeners.loose, *(chat.loose for chat in chats)):
        for node in loose:
            node.text()  # an unknown topic's subscriber: it may be this one's
    yield Violation("alarms publish to the topic and nobody has subscribed to it", topic.urn)


def _judge_route(rules: Resource) -> Iterator[Outcome]:
    """The workspace of the alerts has an alert manager that passes them on; one of another stack is its affair."""
    node = rules["workspaceId"]
    sources = rules.sources(node)
    if not sources:
        node.text()
    for workspace in (source for source in sources if source.token == METRICS_WORKSPACE):
        manager = rules.stack.companions(workspace, ALERT_MANAGER, "workspaceId").one_or_doubt()
        if manager is None:
            yield Violation("the workspace of these alerts has no alert manager definition")
        elif not _passes_on(parsed(parsed(manager["definition"])["alertmanager_config"])):
            yield Violation("the receiver of the first route tells nobody", manager.urn)


def _passes_on(config: Node) -> bool:
    """Whether the receiver of the root route, which takes what no other route does, has a way to tell somebody."""
    wanted = config.at("route", "receiver").text()
    for receiver in config["receivers"].items():
        if receiver["name"].text() == wanted:
            return any(key.endswith("_configs") and node.items() for key, node in receiver.entries().items())
    return False


RULE = Rule(
    id="incident-response",
    title="Alarms reach people, and not by Incident Manager",
    description=(
        "CloudWatch alarms whose tier tag is 0 act, or a composite alarm acts upon them. Topics of the stack that "
        "alarms publish to have a subscription or a chat. Rule files with alerts belong to a workspace whose alert "
        "manager passes on what its first route takes. Resources of ssmincidents and ssmcontacts, and alarms that "
        "start incidents there, are refused: AWS has closed that service to new customers. That every alert names "
        "its runbook is judged by `alert-runbook`."
    ),
    effect="an outage is noticed by its users",
    remedy="publish alarms to a topic that the people on call have subscribed to",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(*ALARMS, RULE_GROUPS, *INCIDENT_MANAGER),
    parameters=Escalation,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
