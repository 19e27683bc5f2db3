"""Samples of `cost-budget`."""

from __future__ import annotations

from dataclasses import replace

from policies.costs import BUDGET, BUDGET_ACTION
from policies.tokens import NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

NODES = Declared(NODE_GROUP, "nodes", {"clusterName": "serving", "tags": {"service": "chat"}})
SHARED = Declared(NODE_GROUP, "system", {"clusterName": "serving", "tags": {"service": "platform"}})


def told(kind: object, **subscribers: object) -> Json:
    return {
        "notificationType": kind,
        "comparisonOperator": "GREATER_THAN",
        "threshold": 100,
        "thresholdType": "PERCENTAGE",
        **(subscribers or {"subscriberEmailAddresses": ["finops@example.com"]}),
    }


BOTH = [told("ACTUAL"), told("FORECASTED")]


def budget(*filters: str, notifications: object = BOTH, **settings: object) -> Declared:
    properties = {
        "name": "prod-chat",
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "costFilters": [{"name": "TagKeyValue", "values": list(filters)}] if filters else None,
        "notifications": notifications,
        **settings,
    }
    return Declared(BUDGET, "budget", properties)


def action(name: object = "prod-chat", *needs: str) -> Declared:
    settings = {"budgetName": name, "actionType": "APPLY_IAM_POLICY", "notificationType": "ACTUAL"}
    return Declared(BUDGET_ACTION, "stop", settings, {"budgetName": needs} if needs else {})


EXPRESSION = {
    "ands": [{"tags": {"key": "environment", "values": ["prod"]}}, {"tags": {"key": "service", "values": []}}]
}

SAMPLES = (
    Sample(Case.ALLOWED, "by filter", (NODES, budget("user:service$chat"), action())),
    Sample(
        Case.ALLOWED,
        "by expression",
        (
            NODES,
            SHARED,
            budget(filterExpression={"ands": [{"tags": {"key": "service", "values": ["chat"]}}]}),
            action(),
        ),
    ),
    Sample(Case.ALLOWED, "what all share", (SHARED, budget(), action())),
    Sample(Case.ALLOWED, "no tags", (replace(NODES, properties={"clusterName": "x"}), budget(), action())),
    Sample(
        Case.ALLOWED,
        "one for all, without an action",
        (NODES, budget()),
        parameters={"tag_key": "", "action_required": False},
    ),
    Sample(
        Case.RESOLVED,
        "budget of the same stack",
        (NODES, budget("user:service$chat"), action(UNKNOWN, "budget")),
    ),
    Sample(Case.DISALLOWED, "no budget", (NODES,), ("has no cost budget",)),
    Sample(
        Case.DISALLOWED,
        "usage only",
        (NODES, budget("user:service$chat", budgetType="USAGE"), action()),
        ("has no cost budget",),
    ),
    Sample(
        Case.DISALLOWED,
        "no forecast",
        (NODES, budget("user:service$chat", notifications=[told("ACTUAL")]), action()),
        ("tell nobody of FORECASTED",),
    ),
    Sample(
        Case.DISALLOWED,
        "nobody is told",
        (
            NODES,
            budget(
                "user:service$chat",
                notifications=[told("ACTUAL", subscriberEmailAddresses=[]), told("FORECASTED")],
            ),
            action(),
        ),
        ("tell nobody of ACTUAL",),
    ),
    Sample(
        Case.DISALLOWED,
        "another service",
        (NODES, budget("user:service$search"), action()),
        ("no budget counts the costs",),
    ),
    Sample(
        Case.DISALLOWED, "of nothing", (NODES, budget(filterExpression=EXPRESSION), action()), ("no budget counts",)
    ),
    Sample(
        Case.DISALLOWED,
        "nothing stops",
        (NODES, budget("user:service$chat"), action("other")),
        ("no BudgetAction",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown notification does not hide the missing action",
        (NODES, budget("user:service$chat", notifications=[told(UNKNOWN), told("ACTUAL")])),
        ("notificationType is not known", "no BudgetAction"),
    ),
    Sample(
        Case.UNKNOWN,
        "an action of nobody knows which budget",
        (NODES, budget("user:service$chat"), action(UNKNOWN)),
        ("budgetName is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no machines", (Declared("aws:s3/bucket:Bucket", "b", {"tags": {"service": "x"}}),)),
)
