"""Samples of `restore-testing`."""

from __future__ import annotations

from policies.checks.restore_testing import TEST_PLAN, TEST_SELECTION
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.backup_plan_coverage import COPIED, TAGGED, plan, selection, table


def weekly(schedule: object = "cron(0 5 ? * 1 *)") -> Declared:
    settings = {"name": "restore", "region": "eu-west-1", "scheduleExpression": schedule}
    return Declared(TEST_PLAN, "test", settings)


def restored(kind: object = "DynamoDB", region: str = "eu-west-1", name: object = "restore", *needs: str) -> Declared:
    settings = {"name": "x", "region": region, "protectedResourceType": kind, "restoreTestingPlanName": name}
    return Declared(TEST_SELECTION, "restored", settings, {"restoreTestingPlanName": needs} if needs else {})


COVERED = (table(), plan(), selection())

SAMPLES = (
    Sample(Case.ALLOWED, "every week", (*COVERED, weekly(), restored())),
    Sample(
        Case.RESOLVED,
        "plan of the stack",
        (*COVERED, weekly(), restored("DynamoDB", "eu-west-1", UNKNOWN, "test")),
    ),
    Sample(Case.ALLOWED, "a copy of a bucket", (TAGGED, COPIED, plan(), selection())),
    Sample(Case.INSIDE, "interval", (*COVERED, weekly("cron(0 5 1 * ? *)"), restored())),
    Sample(
        Case.OUTSIDE,
        "interval",
        (*COVERED, weekly("rate(32 days)"), restored()),
        ("tests less often than every 31 days",),
    ),
    Sample(Case.DISALLOWED, "none", COVERED, ("restores backups of type DynamoDB",)),
    Sample(Case.DISALLOWED, "another type", (*COVERED, weekly(), restored("S3")), ("of type DynamoDB",)),
    Sample(
        Case.DISALLOWED, "another region", (*COVERED, weekly(), restored(region="eu-west-2")), ("of type DynamoDB",)
    ),
    Sample(Case.DISALLOWED, "bucket", (TAGGED, plan(), selection()), ("of type S3",)),
    Sample(Case.DISALLOWED, "no schedule", (*COVERED, weekly(None), restored()), ("tests less often",)),
    Sample(
        Case.UNKNOWN,
        "a test of nobody knows what",
        (*COVERED, weekly(), restored(UNKNOWN)),
        ("protectedResourceType is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "by nobody knows which plan",
        (*COVERED, weekly(), restored(name=UNKNOWN)),
        ("restoreTestingPlanName is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "not backed up", (table(),)),
)
