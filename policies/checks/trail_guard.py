"""Rule `trail-guard`: the account records what happens in it, and is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import (
    CLOUDTRAIL_1,
    CLOUDTRAIL_2,
    CLOUDTRAIL_4,
    CONFIG_1,
    GUARDDUTY_1,
    GUARDDUTY_5,
    GUARDDUTY_7,
)
from policies.keys import key_problem
from policies.regions import region_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import EKS_CLUSTER, TRAIL
from policies.views import Node, Resource

DETECTOR: Final = "aws:guardduty/detector:Detector"
FEATURE: Final = "aws:guardduty/detectorFeature:DetectorFeature"
RECORDER: Final = "aws:cfg/recorder:Recorder"
RECORDER_STATUS: Final = "aws:cfg/recorderStatus:RecorderStatus"
HUB: Final = "aws:securityhub/account:Account"

_NAMES: Final = {"trail": TRAIL, "detector": DETECTOR, "recorder": RECORDER, "hub": HUB}
_BASELINE: Final = 2
"""A stack with so many kinds of guards sets up its account; one alone may be the share of this stack."""

_ENABLED: Final = "ENABLED"
# names of features (Amazon GuardDuty API reference, "DetectorFeatureConfiguration", read 2026-11)
_AUDIT_LOGS: Final = "EKS_AUDIT_LOGS"
_RUNTIME: Final = ("RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING")
_AGENT: Final = "EKS_ADDON_MANAGEMENT"


class AccountGuards(Parameters):
    """Parameters."""

    elsewhere: tuple[str, ...] = Field(
        default=(),
        description="Guards that somebody else keeps for this account: trail, detector, recorder, hub.",
    )


def check_stack(stack: Stack, parameters: AccountGuards) -> Outcomes:
    """Judge every guard by itself, then whether one is missing."""
    trails = stack.of(TRAIL)
    yield from judge_each(trails, _judge_trail)
    if trails:
        yield from judge_each((trails,), _judge_reach)
    yield from judge_each(stack.of(DETECTOR), _judge_detector)
    yield from judge_each(stack.of(RECORDER), _judge_recorder)
    expected = {name: token for name, token in _NAMES.items() if name not in parameters.elsewhere}
    if sum(bool(stack.of(token)) for token in _NAMES.values()) >= _BASELINE:
        yield from judge_each((expected,), partial(_judge_completeness, stack))


def _judge_trail(trail: Resource) -> Iterator[Outcome]:
    aspects: tuple[Callable[[Resource], Iterator[Outcome]], ...] = (_judge_logging, _judge_validation, _judge_key)
    yield from judge_each(aspects, lambda aspect: aspect(trail))


def _judge_logging(trail: Resource) -> Iterator[Outcome]:
    if trail["enableLogging"].truth() is False:
        yield Violation("enableLogging is false", trail.urn)


def _judge_validation(trail: Resource) -> Iterator[Outcome]:
    if not trail["enableLogFileValidation"].truth():
        yield Violation("enableLogFileValidation is not true", trail.urn)


def _judge_key(trail: Resource) -> Iterator[Outcome]:
    problem = key_problem(trail, trail["kmsKeyId"])
    if problem is not None:
        yield Violation(problem, trail.urn)


def _judge_reach(trails: tuple[Resource, ...]) -> Iterator[Outcome]:
    """One trail must see every region and every management call; others may be narrower."""
    if not any(trail["isMultiRegionTrail"].truth() and _records_management(trail) for trail in trails):
        yield Violation("no trail records the management events of all regions", trails[0].urn)


def _records_management(trail: Resource) -> bool:
    advanced, basic = trail["advancedEventSelectors"].items(), trail["eventSelectors"].items()
    if advanced:
        return any(_selects_management(selector["fieldSelectors"].items()) for selector in advanced)
    return not basic or any(
        selector["includeManagementEvents"].truth() is not False and selector["readWriteType"].text() in (None, "All")
        for selector in basic
    )


def _selects_management(fields: tuple[Node, ...]) -> bool:
    """Management events, and neither reads nor writes only."""
    names = {node["field"].text(): node for node in fields}
    category = names.get("eventCategory")
    return (
        category is not None
        and "readOnly" not in names
        and any(value.text() == "Management" for value in category["equals"].items())
    )


def _judge_detector(detector: Resource) -> Iterator[Outcome]:
    if detector["enable"].truth() is False:
        yield Violation("enable is false", detector.urn)
    here = region_of(detector)
    if any(region_of(cluster) == here for cluster in detector.stack.of(EKS_CLUSTER)):
        yield from _judge_features(detector)


def _judge_features(detector: Resource) -> Iterator[Outcome]:
    features = detector.stack.companions(detector, FEATURE, "detectorId")
    on = {feature["name"].text(): feature for feature in features.bound if feature["status"].text() == _ENABLED}
    inline = detector.at("datasources", "kubernetes", "auditLogs", "enable").truth()
    audit, runtime = inline or _AUDIT_LOGS in on, [on[name] for name in _RUNTIME if name in on]
    if not (audit and runtime) and features.loose:
        features.loose[0].text()  # an unknown detector's feature: it may be this one's
    if not audit:
        yield Violation("the audit logs of the clusters in its region are not watched", detector.urn)
    if not runtime:
        yield Violation("the nodes of the clusters in its region are not watched at run time", detector.urn)
    elif not any(_installs_agent(feature) for feature in runtime):
        yield Violation(f"runtime monitoring does not install its agent ({_AGENT})", runtime[0].urn)


def _installs_agent(feature: Resource) -> bool:
    return any(
        item["name"].text() == _AGENT and item["status"].text() == _ENABLED
        for item in feature["additionalConfigurations"].items()
    )


def _judge_recorder(recorder: Resource) -> Iterator[Outcome]:
    group = recorder["recordingGroup"]
    if group["allSupported"].truth() is False and not group["exclusionByResourceTypes"].items():
        yield Violation("recordingGroup.allSupported is false and nothing is named that it leaves out", recorder.urn)
    status = recorder.stack.companions(recorder, RECORDER_STATUS, "name").one_or_doubt()
    if status is None:
        yield Violation("no RecorderStatus starts the recorder", recorder.urn)
    elif not status["isEnabled"].truth():
        yield Violation("isEnabled is not true", status.urn)


def _judge_completeness(stack: Stack, expected: dict[str, str]) -> Iterator[Outcome]:
    """A region with one regional guard, or with a cluster, has all of them."""
    if "trail" in expected and not stack.of(TRAIL):
        yield Violation("the stack guards its account but declares no CloudTrail trail", stack.root_urn)
    regional = {name: token for name, token in expected.items() if name != "trail"}
    guarded = {name: {region_of(guard) or "" for guard in stack.of(token)} for name, token in regional.items()}
    clusters = {region_of(cluster) or "" for cluster in stack.of(EKS_CLUSTER)}
    regions = sorted(clusters.union(*guarded.values()))
    for name, token in regional.items():
        missing = [region for region in regions if region not in guarded[name]]
        if missing:
            kind = token.rpartition("/")[0].removeprefix("aws:")
            yield Violation(f"no {name} ({kind}) in {', '.join(missing) or 'the region'}", stack.root_urn)


RULE = Rule(
    id="trail-guard",
    title="The account's trail is complete and sealed, and threats and changes are watched in every region",
    description=(
        "Every CloudTrail trail logs, validates its files and uses a key of our own; one of them records the "
        "management events of all regions. GuardDuty detectors are on, and where the stack has a cluster they watch "
        "its audit logs and its nodes. Config recorders run and record all types. A stack that declares two or more "
        "of trail, detector, recorder and Security Hub declares all of them, in every region that has one of them "
        "or a cluster. A stack without any is not judged: the account may be guarded by another stack."
    ),
    effect="an intruder is not seen, and what was done cannot be proven",
    remedy="add what is missing; name in the parameter elsewhere what the organisation keeps for this account",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(TRAIL, DETECTOR, FEATURE, RECORDER, RECORDER_STATUS, HUB),
    parameters=AccountGuards,
    check_stack=check_stack,
    frameworks=(CLOUDTRAIL_1, CLOUDTRAIL_2, CLOUDTRAIL_4, GUARDDUTY_1, GUARDDUTY_5, GUARDDUTY_7, CONFIG_1),
)
