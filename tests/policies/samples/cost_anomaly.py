"""Samples of `cost-anomaly`."""

from __future__ import annotations

from policies.checks.cost_anomaly import MONITOR, SUBSCRIPTION
from policies.tokens import NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

NODES = Declared(NODE_GROUP, "nodes", {"clusterName": "serving"})
WATCH = Declared(MONITOR, "monitor", {"monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE"})
TOLD = [{"type": "EMAIL", "address": "finops@example.com"}]
ARN = "arn:aws:ce::111122223333:anomalymonitor/0d6a7f2e"


def subscription(*needs: str, arn: object = UNKNOWN, subscribers: object = TOLD) -> Declared:
    settings = {"frequency": "DAILY", "monitorArnLists": [arn], "subscribers": subscribers}
    return Declared(SUBSCRIPTION, "told", settings, {"monitorArnLists": needs} if needs else {})


SAMPLES = (
    Sample(Case.ALLOWED, "watched", (NODES, WATCH, subscription("monitor"))),
    Sample(Case.ALLOWED, "by a monitor of another stack", (NODES, subscription(arn=ARN))),
    Sample(Case.DISALLOWED, "nothing", (NODES,), ("nothing watches",)),
    Sample(Case.DISALLOWED, "nobody is told", (NODES, WATCH), ("nobody is subscribed",)),
    Sample(
        Case.DISALLOWED,
        "no subscribers",
        (NODES, WATCH, subscription("monitor", subscribers=[])),
        ("subscribers is empty",),
    ),
    Sample(
        Case.UNKNOWN,
        "a subscription to nobody knows what",
        (NODES, WATCH, subscription()),
        ("monitorArnLists[0] is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no machines", (WATCH,)),
)
