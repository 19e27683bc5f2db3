"""Samples of `macie-pii-scan`."""

from __future__ import annotations

from policies.checks.macie_pii_scan import JOB
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

PEOPLE = Declared(BUCKET, "people", {"bucket": "acme-people", "region": "eu-west-1", "tags": {"data-class": "pii"}})


def job(definition: Json, kind: str = "SCHEDULED", region: str = "eu-west-1", **needs: tuple[str, ...]) -> Declared:
    schedule = {"weeklySchedule": "SUNDAY"}
    properties = {"jobType": kind, "s3JobDefinition": definition, "scheduleFrequency": schedule, "region": region}
    return Declared(JOB, "scan", properties, needs)


def named(*names: str) -> Json:
    return {"bucketDefinitions": [{"accountId": "111122223333", "buckets": list(names)}]}


def tagged(value: str, comparator: str = "EQ", where: str = "includes") -> Json:
    criterion = {"comparator": comparator, "tagValues": [{"key": "data-class", "value": value}]}
    return {"bucketCriteria": {where: {"ands": [{"tagCriterion": criterion}]}}}


def called(name: str) -> Json:
    criterion = {"comparator": "EQ", "key": "S3_BUCKET_NAME", "values": [name]}
    return {"bucketCriteria": {"includes": {"ands": [{"simpleCriterion": criterion}]}}}


TAGGED = Declared(
    BUCKET,
    "features",
    {
        "bucket": "acme-features",
        "region": "eu-west-1",
        "tags": {"data-class": "restricted", "personal-data": "true"},
    },
)
UNSCANNED = ("no scheduled Macie job",)

SAMPLES = (
    Sample(Case.ALLOWED, "by name", (PEOPLE, job(named("acme-calls", "acme-people")))),
    Sample(Case.ALLOWED, "by tag", (PEOPLE, job(tagged("pii")))),
    Sample(Case.ALLOWED, "by a condition on names", (PEOPLE, job(called("acme-people")))),
    Sample(Case.ALLOWED, "everything", (PEOPLE, job({}))),
    Sample(Case.ALLOWED, "declared by a tag of its own", (TAGGED, job(named("acme-features")))),
    Sample(Case.ALLOWED, "all but another class", (PEOPLE, job(tagged("public", where="excludes")))),
    Sample(
        Case.RESOLVED,
        "bucket of the stack",
        (
            Declared(BUCKET, "people", {"tags": {"data-class": "pii"}, "region": "eu-west-1"}),
            job(named(UNKNOWN), s3JobDefinition=("people",)),
        ),
    ),
    Sample(Case.DISALLOWED, "no job", (PEOPLE,), UNSCANNED),
    Sample(Case.DISALLOWED, "no job, and declared by a tag of its own", (TAGGED,), UNSCANNED),
    Sample(Case.DISALLOWED, "another bucket", (PEOPLE, job(named("acme-calls"))), UNSCANNED),
    Sample(Case.DISALLOWED, "once only", (PEOPLE, job(named("acme-people"), "ONE_TIME")), UNSCANNED),
    Sample(Case.DISALLOWED, "in another region", (PEOPLE, job(named("acme-people"), region="eu-north-1")), UNSCANNED),
    Sample(Case.DISALLOWED, "another tag", (PEOPLE, job(tagged("internal"))), UNSCANNED),
    Sample(Case.DISALLOWED, "all but this class", (PEOPLE, job(tagged("pii", "NE"))), UNSCANNED),
    Sample(Case.DISALLOWED, "left out", (PEOPLE, job(tagged("pii", where="excludes"))), UNSCANNED),
    Sample(Case.UNKNOWN, "a job of nobody knows what", (PEOPLE, job(named(UNKNOWN))), ("is not known",)),
    Sample(
        Case.UNKNOWN,
        "nobody knows whether it is declared",
        (Declared(BUCKET, "people", {"tags": {"personal-data": UNKNOWN}}),),
        ("is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "a model",
        (Declared(BUCKET, "models", {"tags": {"data-class": "restricted", "personal-data": "false"}}),),
    ),
    Sample(Case.NOT_APPLICABLE, "no personal data", (Declared(BUCKET, "models", {"bucket": "acme-models"}),)),
)
