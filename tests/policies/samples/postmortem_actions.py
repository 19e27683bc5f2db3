"""Samples of `postmortem-actions`. Today is 2026-11-20."""

from __future__ import annotations

from policies.scaling import SCALED_OBJECT
from policies.tokens import DYNAMODB_TABLE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ROOT = Declared("pulumi:pulumi:Stack", "shop-dev", {})
LATE = "INC-42, due 2026-11-20, has not landed"


def table(value: object, name: str = "sessions") -> Declared:
    return Declared(DYNAMODB_TABLE, name, {"name": name, "deletionProtectionEnabled": value})


def action(rest: str = "*sessions* deletionProtectionEnabled = true", due: str = "2026-11-20", token: str = "") -> Json:
    return {"actions": [f"INC-42 {due} {token or DYNAMODB_TABLE} {rest}"]}


SCALER = Declared(SCALED_OBJECT, "chat", {"spec": {"minReplicaCount": 2, "triggers": [{"type": "cron"}]}})
FLOOR = "chat spec.minReplicaCount >= 3"

SAMPLES = (
    Sample(Case.ALLOWED, "landed", (table(True),), parameters=action()),
    Sample(Case.ALLOWED, "not due yet", (table(False),), parameters=action(due="2026-11-21")),
    Sample(Case.ALLOWED, "another table", (table(True), table(False, "carts")), parameters=action()),
    Sample(Case.ALLOWED, "at most", (SCALER,), parameters=action("* spec.minReplicaCount <= 2", token=SCALED_OBJECT)),
    Sample(
        Case.ALLOWED,
        "in a list",
        (SCALER,),
        parameters=action("chat spec.triggers[0].type != cpu", token=SCALED_OBJECT),
    ),
    Sample(
        Case.DISALLOWED, "late", (table(False),), (f"{LATE}: deletionProtectionEnabled is false",), parameters=action()
    ),
    Sample(Case.DISALLOWED, "missing", (table(None),), ("is missing, not = true",), parameters=action()),
    Sample(
        Case.DISALLOWED,
        "one of two",
        (table(True), table(False, "old-sessions")),
        ("is false",),
        parameters=action(),
    ),
    Sample(
        Case.DISALLOWED,
        "too few",
        (SCALER,),
        ("spec.minReplicaCount is 2, not >= 3",),
        parameters=action(FLOOR, token=SCALED_OBJECT),
    ),
    Sample(
        Case.DISALLOWED,
        "no such resource",
        (ROOT, table(True, "carts")),
        ("the stack has no aws:dynamodb/table:Table *sessions*",),
        parameters=action(),
    ),
    Sample(Case.UNKNOWN, "value", (table(UNKNOWN),), ("deletionProtectionEnabled is not known",), parameters=action()),
    Sample(Case.NOT_APPLICABLE, "no action", (table(False),)),
)
