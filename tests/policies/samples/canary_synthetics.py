"""Samples of `canary-synthetics`."""

from __future__ import annotations

from policies.alerts import METRIC_ALARM
from policies.checks.canary_synthetics import CANARY
from policies.tokens import DISTRIBUTION, LOAD_BALANCER
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample


def balancer(region: str = "eu-west-1", **changes: object) -> Declared:
    return Declared(LOAD_BALANCER, "edge", {"name": "edge", "region": region, "internal": False, **changes})


def canary(start: object = True, region: str = "eu-west-1") -> Declared:
    return Declared(CANARY, "canary", {"name": "chat", "region": region, "startCanary": start, "runtimeVersion": "x"})


def alarm(namespace: object = "CloudWatchSynthetics", name: object = "chat") -> Declared:
    stated = {"namespace": namespace, "metricName": "SuccessPercent", "dimensions": {"CanaryName": name}}
    return Declared(METRIC_ALARM, "alarm", stated)


SAMPLES = (
    Sample(Case.ALLOWED, "a canary with alarm", (balancer(), canary(), alarm())),
    Sample(Case.ALLOWED, "distribution", (Declared(DISTRIBUTION, "cdn", {}), canary(region="us-east-1"), alarm())),
    Sample(
        Case.RESOLVED,
        "by dependency",
        (
            balancer(),
            Declared(CANARY, "canary", {"region": "eu-west-1", "startCanary": True}),
            Declared(METRIC_ALARM, "alarm", alarm(name=UNKNOWN).properties, {"dimensions": ("canary",)}),
        ),
    ),
    Sample(Case.DISALLOWED, "nobody asks", (balancer(),), ("no canary asks it from eu-west-1",)),
    Sample(Case.DISALLOWED, "not started", (balancer(), canary(None), alarm()), ("no canary asks it",)),
    Sample(Case.DISALLOWED, "another region", (balancer("eu-central-1"), canary(), alarm()), ("from eu-central-1",)),
    Sample(Case.DISALLOWED, "no alarm", (balancer(), canary()), ("no alarm watches the canary",)),
    Sample(Case.DISALLOWED, "another canary's alarm", (balancer(), canary(), alarm(name="x")), ("no alarm watches",)),
    Sample(Case.DISALLOWED, "distribution", (Declared(DISTRIBUTION, "cdn", {}),), ("no canary asks it",)),
    Sample(
        Case.UNKNOWN, "a canary that may run", (balancer(), canary(UNKNOWN), alarm()), ("startCanary is not known",)
    ),
    Sample(Case.NOT_APPLICABLE, "internal", (balancer(internal=True),)),
)
