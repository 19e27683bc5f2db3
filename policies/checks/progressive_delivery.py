"""Rule `progressive-delivery`: a new version takes over step by step, and gives way when it is worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

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
from policies.stack import Stack
from policies.tokens import DEPLOYMENT, ROLLOUT
from policies.views import Node, Resource
from policies.workloads import borrows_pods, marks, object_name, place, placed, serves_inference
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

FLAGGER_CANARY: Final = "kubernetes:flagger.app/v1beta1:Canary"
_WHOLE: Final = 100  # percent
_ALL_METRICS: Final = (".*", "*")


class Delivery(Parameters):
    """Parameters."""

    tiers: tuple[str, ...] = Field(
        default=(str(Tier.USERS_STOP.value),),
        min_length=1,
        description="Values of the tier label whose services are rolled out step by step.",
    )


def check(workload: Resource, parameters: Delivery) -> Outcomes:
    """Judge how a workload that serves a model gets a new version."""
    if not serves_inference(workload):
        return
    if workload.token == DEPLOYMENT:
        aspects: tuple[Callable[[Resource, Delivery], Outcomes], ...] = (_judge_recreate, _judge_deployment)
    else:
        aspects = (_judge_rollout,)
    yield from judge_each(aspects, lambda aspect: aspect(workload, parameters))


def _is_governed(workload: Resource, parameters: Delivery) -> bool:
    tier = marks(workload["metadata"]).get(TagKey.TIER.label)
    return tier is not None and tier.text() in parameters.tiers


def _judge_recreate(deployment: Resource, parameters: Delivery) -> Iterator[Outcome]:
    node = deployment.at("spec", "strategy", "type")
    if node.text() == "Recreate":
        yield Violation(f"{node.place} is Recreate", remedy="leave the strategy out, or make it RollingUpdate")


def _judge_deployment(deployment: Resource, parameters: Delivery) -> Iterator[Outcome]:
    if _is_governed(deployment, parameters) and not _is_led(deployment):
        yield Violation("no Rollout and no Canary leads the Deployment")


def _is_led(deployment: Resource) -> bool:
    """Whether a Rollout or one of Flagger's canaries takes the Deployment's pods over."""
    stack, name = deployment.stack, object_name(deployment)
    leaders = ((ROLLOUT, ("spec", "workloadRef", "name")), (FLAGGER_CANARY, ("spec", "targetRef", "name")))
    return any(leader.at(*path).text() == name for token, path in leaders for leader in _near(stack, token, deployment))


def _near(stack: Stack, token: str, workload: Resource) -> list[Resource]:
    known = placed(stack, token)
    found = known.at.get(place(workload), [])
    if not found and known.lost:
        raise known.lost[0]
    return found


def _judge_rollout(rollout: Resource, parameters: Delivery) -> Iterator[Outcome]:
    if borrows_pods(rollout) or not _is_governed(rollout, parameters):
        return
    strategy = rollout.at("spec", "strategy")
    canary, blue_green = strategy["canary"], strategy["blueGreen"]
    if canary.missing and blue_green.missing:
        yield Violation(f"{strategy.place} has neither canary nor blueGreen")
    elif not canary.missing:
        yield from judge_each((_judge_steps, _judge_analysis), lambda judge: judge(canary))
    elif not any(_decides(blue_green[name]) for name in ("prePromotionAnalysis", "postPromotionAnalysis")):
        yield Violation(f"{blue_green.place} has no analysis that decides")


def _judge_steps(canary: Node) -> Iterator[Outcome]:
    weights = [step["setWeight"] for step in canary["steps"].items() if not step["setWeight"].missing]
    if not any((weight.number() or 0) < _WHOLE for weight in weights):
        yield Violation(f"{canary['steps'].place} gives the new version all of the traffic at once")


def _judge_analysis(canary: Node) -> Iterator[Outcome]:
    inline = (step["analysis"] for step in canary["steps"].items())
    if not any(_decides(analysis) for analysis in (canary["analysis"], *inline)):
        yield Violation(f"{canary.place} has no analysis that decides")


def _decides(analysis: Node) -> bool:
    """Whether an analysis can stop a rollout: it has templates, and is not dry for every metric."""
    if not analysis["templates"].items():
        return False
    return not any(run["metricName"].text() in _ALL_METRICS for run in analysis["dryRun"].items())


RULE = Rule(
    id="progressive-delivery",
    title="Services whose users stop with them are rolled out step by step, and back by themselves",
    description=(
        "A Rollout of tier 0 that serves a model has a canary strategy with a step below 100 % or a blue-green one, "
        "and an analysis that is not dry for every metric: its failure rolls back. A Deployment of tier 0 is led by a "
        "Rollout (workloadRef) or by a Canary of Flagger; no Deployment that serves a model is recreated. Groups of "
        "pods (LeaderWorkerSet) are not judged: nothing rolls them out by traffic."
    ),
    effect="a bad model reaches all users before anybody sees a number, and stays until somebody rolls it back",
    remedy="make it a Rollout with canary steps and an AnalysisTemplate over error rate, latency and quality",
    topic=Topic.CHANGE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(DEPLOYMENT, ROLLOUT),
    parameters=Delivery,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
