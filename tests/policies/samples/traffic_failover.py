"""Samples of `traffic-failover`."""

from __future__ import annotations

from policies.checks.traffic_failover import LISTENER, RECORD, SWITCH_PLAN
from policies.tokens import ENDPOINT_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ALIAS = {"name": "lb.example.com", "zoneId": "Z1", "evaluateTargetHealth": True}


def record(key: str, health: object = "check-1", name: object = "chat.example.com", **policy: object) -> Declared:
    settings = {"zoneId": "Z0", "name": name, "type": "A", "setIdentifier": key, "healthCheckId": health, **policy}
    return Declared(RECORD, key, {input_: value for input_, value in settings.items() if value is not None})


def near(region: object, key: str = "near", **more: object) -> Declared:
    return record(key, **{"latencyRoutingPolicies": [{"region": region}], **more})


def role(kind: str, health: object = "check-1") -> Declared:
    return record(kind, health, failoverRoutingPolicies=[{"type": kind}])


def group(name: str, region: str, dial: object = None) -> Declared:
    settings = {"listenerArn": UNKNOWN, "endpointGroupRegion": region, "trafficDialPercentage": dial}
    return Declared(ENDPOINT_GROUP, name, settings, {"listenerArn": ("listener",)})


def workflow(action: str, *steps: Json) -> Json:
    return {"workflowTargetAction": action, "steps": list(steps) or [{"name": "turn"}]}


def plan(*workflows: Json, approach: object = "activeActive", minutes: object = 5, alarms: int = 1) -> Declared:
    settings = {
        "recoveryApproach": approach,
        "recoveryTimeObjectiveMinutes": minutes,
        "regions": ["eu-west-1", "eu-central-1"],
        "associatedAlarms": [{"alarmType": "applicationHealth"}] * alarms,
        "workflows": list(workflows),
    }
    return Declared(SWITCH_PLAN, "switch", settings)


ACCELERATED = Declared(LISTENER, "listener", {"protocol": "TCP"})
WEST, CENTRAL = near("eu-west-1"), near("eu-central-1", "far")
BOTH = (workflow("activate"), workflow("deactivate"))

SAMPLES = (
    Sample(Case.ALLOWED, "latency", (WEST, CENTRAL)),
    Sample(Case.ALLOWED, "weights by aliases", (record("a", None, aliases=[ALIAS], weightedRoutingPolicies=[{}]),)),
    Sample(Case.ALLOWED, "failover", (role("PRIMARY"), role("SECONDARY", None))),
    Sample(
        Case.RESOLVED,
        "accelerator",
        (ACCELERATED, group("a", "eu-west-1"), group("b", "eu-central-1", 0)),
    ),
    Sample(Case.ALLOWED, "region switch", (plan(*BOTH),)),
    Sample(Case.ALLOWED, "passive region", (plan(workflow("activate"), approach="activePassive"),)),
    Sample(Case.INSIDE, "regions", (WEST, CENTRAL)),
    Sample(Case.OUTSIDE, "regions", (WEST,), ("fewer than 2 regions",)),
    Sample(
        Case.OUTSIDE,
        "three regions",
        (WEST, CENTRAL),
        ("fewer than 3 regions", "fewer than 3 regions"),
        parameters={"minimum_regions": 3},
    ),
    Sample(
        Case.DISALLOWED,
        "nobody looks",
        (record("a", None, aliases=[{**ALIAS, "evaluateTargetHealth": False}], weightedRoutingPolicies=[{}]),),
        ("healthCheckId is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "another name",
        (WEST, near("eu-central-1", "far", name="search.example.com")),
        ("fewer than 2 regions", "fewer than 2 regions"),
    ),
    Sample(Case.DISALLOWED, "one role", (role("PRIMARY"),), ("not both failover roles",)),
    Sample(
        Case.DISALLOWED,
        "one region of an accelerator",
        (ACCELERATED, group("a", "eu-west-1")),
        ("fewer than 2 regions",),
    ),
    Sample(
        Case.DISALLOWED,
        "dialled down",
        (ACCELERATED, group("a", "eu-west-1", 0), group("b", "eu-central-1", 0)),
        ("listener is 0", "listener is 0"),
    ),
    Sample(
        Case.DISALLOWED,
        "an empty plan",
        (plan(minutes=None, alarms=0),),
        ("recoveryTimeObjectiveMinutes is missing", "associatedAlarms is empty", "none to activate and deactivate"),
    ),
    Sample(
        Case.DISALLOWED,
        "a way out and none back",
        (plan(workflow("deactivate")),),
        ("none to activate",),
    ),
    Sample(
        Case.DISALLOWED,
        "no steps",
        (plan({"workflowTargetAction": "activate"}, approach="activePassive"),),
        ("workflows[0].steps is empty",),
    ),
    Sample(Case.UNKNOWN, "unknown region", (near(UNKNOWN),), ("region is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown objective does not hide the missing alarms",
        (plan(*BOTH, minutes=UNKNOWN, alarms=0),),
        ("recoveryTimeObjectiveMinutes is not known", "associatedAlarms is empty"),
    ),
    Sample(Case.NOT_APPLICABLE, "no choice", (Declared(RECORD, "one", {"name": "x.example.com", "type": "CNAME"}),)),
)
