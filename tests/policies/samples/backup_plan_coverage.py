"""Samples of `backup-plan-coverage`."""

from __future__ import annotations

from dataclasses import replace

from policies.backups import SELECTION
from policies.tokens import BACKUP_PLAN, BUCKET, BUCKET_REPLICATION, DYNAMODB_TABLE, FILE_SYSTEM, RDS_INSTANCE, VAULT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

FAR = "arn:aws:backup:eu-central-1:111122223333:backup-vault:copies"
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/features"


def table(region: object = "eu-west-1", **tags: object) -> Declared:
    return Declared(DYNAMODB_TABLE, "features", {"name": "features", "region": region, "tags": tags})


def rule(schedule: object = "cron(0 5 * * ? *)", days: object = 35, copy: object = FAR, **more: object) -> Json:
    return {
        "ruleName": "daily",
        "targetVaultName": "vault",
        "schedule": schedule,
        "lifecycle": {"deleteAfter": days},
        "copyActions": [{"destinationVaultArn": copy}] if copy else [],
        **more,
    }


def plan(*rules: Json, needs: tuple[str, ...] = ()) -> Declared:
    settings = {"name": "daily", "region": "eu-west-1", "rules": list(rules) or [rule()]}
    return Declared(BACKUP_PLAN, "plan", settings, {"rules": needs} if needs else {})


def selection(*needs: str, region: str = "eu-west-1", plan_id: object = UNKNOWN, **by: object) -> Declared:
    settings = {
        "name": "all",
        "region": region,
        "iamRoleArn": "role",
        "planId": plan_id,
        **(by or {"resources": ["*"]}),
    }
    links = {"planId": ("plan",)} if plan_id == UNKNOWN else {}
    return Declared(SELECTION, "selection", settings, {**links, **({"resources": needs} if needs else {})})


def equal(key: str, value: str) -> Json:
    return {"stringEquals": [{"key": f"aws:ResourceTag/{key}", "value": value}]}


TAGGED = Declared(BUCKET, "models", {"bucket": "models", "region": "eu-west-1", "tags": {"backup-plan": "daily"}})
COPIED = Declared(
    BUCKET_REPLICATION,
    "replication",
    {"bucket": "source", "rules": [{"destination": {"bucket": "arn:aws:s3:::models"}, "status": "Enabled"}]},
)

SAMPLES = (
    Sample(Case.ALLOWED, "all resources", (table(), plan(), selection())),
    Sample(Case.ALLOWED, "by ARN", (table(), plan(), selection(resources=[TABLE_ARN]))),
    Sample(Case.ALLOWED, "all tables", (table(), plan(), selection(resources=["arn:aws:dynamodb:*:*:table/*"]))),
    Sample(
        Case.RESOLVED,
        "by the ARN of a table of the stack",
        (table(), plan(), selection("features", resources=[UNKNOWN])),
    ),
    Sample(
        Case.ALLOWED,
        "by tag",
        (
            table(backup="daily"),
            plan(),
            selection(selectionTags=[{"type": "STRINGEQUALS", "key": "backup", "value": "daily"}]),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "by conditions",
        (
            table(backup="daily", environment="prod"),
            plan(),
            selection(
                resources=["*"],
                conditions=[
                    {**equal("backup", "daily"), "stringNotEquals": [{"key": "aws:ResourceTag/x", "value": "y"}]},
                    {"stringLikes": [{"key": "aws:ResourceTag/environment", "value": "pr*"}]},
                ],
            ),
        ),
    ),
    Sample(Case.ALLOWED, "by a plan of another stack", (table(), selection(plan_id="0d6a7f2e"))),
    Sample(Case.ALLOWED, "bucket", (TAGGED, plan(), selection())),
    Sample(Case.ALLOWED, "copy of a bucket", (TAGGED, COPIED)),
    Sample(
        Case.RESOLVED,
        "vault of the stack",
        (
            table(),
            Declared(VAULT, "far", {"name": "far", "region": "eu-north-1"}),
            plan(rule(copy=UNKNOWN), needs=("far",)),
            selection(),
        ),
    ),
    Sample(Case.INSIDE, "RPO", (table(rpo="4h"), plan(rule("cron(30 0/4 * * ? *)")), selection())),
    Sample(
        Case.OUTSIDE,
        "RPO",
        (table(rpo="239"), plan(rule("cron(30 0/4 * * ? *)")), selection()),
        ("tags.rpo promises less loss than its backups allow, every 240 minutes",),
    ),
    Sample(
        Case.ALLOWED,
        "RPO by continuous backups",
        (table(rpo="15m"), plan(rule(), rule(enableContinuousBackup=True)), selection()),
    ),
    Sample(
        Case.ALLOWED,
        "RPO by point-in-time recovery",
        (
            Declared(
                DYNAMODB_TABLE,
                "features",
                {**table(rpo="PT5M").properties, "pointInTimeRecovery": {"enabled": True}},
            ),
            plan(),
            selection(),
        ),
    ),
    Sample(Case.INSIDE, "interval", (table(), plan(rule("rate(24 hours)")), selection())),
    Sample(
        Case.OUTSIDE,
        "interval",
        (table(), plan(rule("cron(0 5 ? * MON-FRI *)")), selection()),
        ("less often than every 24 hours",),
    ),
    Sample(Case.INSIDE, "retention", (table(), plan(rule(days=30)), selection())),
    Sample(
        Case.OUTSIDE,
        "retention",
        (table(), plan(rule(days=29)), selection()),
        ("none of its rules keeps backups for 30 days",),
    ),
    Sample(Case.DISALLOWED, "no plan", (table(),), ("no backup plan selects it",)),
    Sample(Case.DISALLOWED, "file system", (Declared(FILE_SYSTEM, "x", {"region": "eu-west-1"}),), ("no backup",)),
    Sample(Case.DISALLOWED, "another region", (table(), plan(), selection(region="eu-west-2")), ("no backup plan",)),
    Sample(
        Case.DISALLOWED,
        "another tag",
        (table(), plan(), selection(resources=["*"], conditions=[equal("backup", "daily")])),
        ("no backup plan",),
    ),
    Sample(
        Case.DISALLOWED,
        "left out",
        (table(), plan(), selection(resources=["*"], notResources=[TABLE_ARN])),
        ("no backup plan",),
    ),
    Sample(Case.DISALLOWED, "bucket", (TAGGED,), ("no backup plan",)),
    Sample(
        Case.DISALLOWED,
        "databases of another type",
        (
            Declared(RDS_INSTANCE, "x", {"region": "eu-west-1"}),
            plan(),
            selection(resources=["arn:aws:rds:*:*:cluster:*"]),
        ),
        ("no backup plan",),
    ),
    Sample(Case.DISALLOWED, "no copy", (table(), plan(rule(copy=None)), selection()), ("copied to no other region",)),
    Sample(
        Case.DISALLOWED,
        "copy in the same region",
        (table(), plan(rule(copy=FAR.replace("central", "west"))), selection()),
        ("copied to no other region",),
    ),
    Sample(Case.ALLOWED, "may be lost", (table(),), parameters={"exempt_resources": ["*::features"]}),
    Sample(
        Case.UNKNOWN,
        "a selection of nobody knows what",
        (table(), plan(), selection(resources=[UNKNOWN])),
        ("resources[0] is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown schedule does not hide the retention",
        (table(), plan(rule(UNKNOWN, days=7)), selection()),
        ("schedule is not known", "keeps backups for 30 days"),
    ),
    Sample(Case.NOT_APPLICABLE, "a bucket of derived data", (replace(TAGGED, properties={"bucket": "logs"}),)),
)
