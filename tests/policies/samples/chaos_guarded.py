"""Samples of `chaos-guarded`."""

from __future__ import annotations

from policies.checks.chaos_guarded import TEMPLATE
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import INFERENCE, deployment

STOP = {"source": "aws:cloudwatch:alarm", "value": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors"}
TAGGED = {
    "name": "nodes",
    "resourceType": "aws:eks:nodegroup",
    "selectionMode": "COUNT(1)",
    "resourceTags": [{"key": "environment", "value": "prod"}],
}
LOGS = {"logSchemaVersion": 2, "cloudwatchLogsConfiguration": {"logGroupArn": "arn:logs"}}


def template(**changes: object) -> Declared:
    settings = {
        "description": "a node goes",
        "roleArn": "arn:aws:iam::111122223333:role/fis",
        "stopConditions": [STOP],
        "targets": [TAGGED],
        "logConfiguration": LOGS,
        **changes,
    }
    return Declared(TEMPLATE, "node-loss", settings)


PODS = {"name": "pods", "resourceType": "aws:eks:pod", "parameters": {"clusterIdentifier": "serving"}}

SAMPLES = (
    Sample(Case.ALLOWED, "guarded", (template(), deployment())),
    Sample(Case.ALLOWED, "pods of a cluster", (template(targets=[PODS]),)),
    Sample(Case.ALLOWED, "nobody stops", (deployment(labels={**INFERENCE, TagKey.TIER.label: "1"}),)),
    Sample(Case.DISALLOWED, "never tried", (deployment(),), ("no experiment tries",)),
    Sample(
        Case.DISALLOWED,
        "nothing stops it",
        (template(stopConditions=[{"source": "none"}]),),
        ("stopConditions names no alarm",),
    ),
    Sample(
        Case.DISALLOWED,
        "everything, unseen, by nobody",
        (template(roleArn=None, targets=[{**TAGGED, "resourceTags": []}], logConfiguration=None),),
        ("roleArn is missing", "targets[0] names no tags", "logConfiguration is missing"),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown targets do not hide the missing log",
        (template(targets=UNKNOWN, logConfiguration=None),),
        ("targets is not known", "logConfiguration is missing"),
    ),
    Sample(Case.NOT_APPLICABLE, "no service", (Declared("aws:s3/bucket:Bucket", "b", {}),)),
)
