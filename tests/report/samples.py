"""Plans that show what renderings have to cope with."""

from __future__ import annotations

import dataclasses

from serving.planning.recovery import Assessment, Scenario, Step, Verdict
from serving.preview.diff import PlanDiff, compare
from serving.preview.plan import Duplicate, Plan, PlanMessage, PlanResource, Remediation, Unchecked, Violation
from serving.preview.recording import Kind, Severity
from serving.preview.values import SECRET, UNKNOWN
from tests.preview.samples import plan_of, resource, urn_of

BUCKET = "aws:s3/bucket:Bucket"
CELL = "demo:index:Cell"


def violation(rule: str, name: str, level: str = "mandatory", state: str = "violation") -> Violation:
    return Violation(
        rule=rule,
        level=level,
        urn=urn_of(BUCKET, name),
        state=state,
        message=f"{name} is not encrypted <script>",
        title="Buckets are encrypted",
        remedy="set a key",
        severity="high",
        url="https://example.org/rule",
    )


def rich_plan(bucket: str = "one") -> Plan:
    """A small plan with something in every section."""
    cell = resource(CELL, "cell", kind=Kind.COMPONENT, region="eu-west-1")
    return plan_of(
        cell,
        resource(
            BUCKET,
            "models",
            {"bucket": bucket, "tags": {"a": "|x|"}, "password": SECRET},
            parent=cell.urn,
            parent_type=CELL,
            options={"protect": True},
            region="eu-west-1",
        ),
        resource("aws:iam/role:Role", "role", {"arn": UNKNOWN}),
        outputs={"urls": [{"name": "chat", "url": "https://chat"}], "later": UNKNOWN, "token": SECRET},
        violations=(violation("enc-s3", "models"), violation("naming", "models", "advisory", "waived")),
        remediations=(Remediation("tagged", cell.urn, ("tags",)),),
        messages=(PlanMessage(Severity.WARNING, "careful @everybody", ""),),
        unchecked=(Unchecked("deployed state", "is not known"),),
        policy_pack="pack 1.0",
        policies=2,
        disabled_policies=("enc-s3-kms-cmk",),
        recovery=recovery(),
    )


def recovery(verdict: Verdict = Verdict.KEPT, note: str = "measured by tests") -> tuple[Assessment, ...]:
    """Both scenarios of one service."""
    lost = Assessment(
        service="chat",
        scenario=Scenario.REGION_LOST,
        rto_promised_seconds=900,
        rto_seconds=90,
        rto_steps=(Step("detection", 30), Step("DNS", 60)),
        rpo_promised_seconds=86_400,
        rpo_seconds=900,
        rpo_store="model-store",
        rpo_steps=(Step("replication", 900),),
        verdict=verdict,
        note=note,
    )
    corrupted = dataclasses.replace(
        lost, scenario=Scenario.DATA_LOST, rto_seconds=None, rto_steps=(), rpo_seconds=None, rpo_steps=()
    )
    return lost, corrupted


def unkept_plan() -> Plan:
    """A plan that breaks a promise and nothing else."""
    return plan_of(recovery=recovery(Verdict.BROKEN, "RTO: detection 999 s > 900 s"))


def rich_diff() -> PlanDiff:
    return compare(rich_plan("zero"), rich_plan("one"), "main")


def refused_plan() -> Plan:
    return plan_of(duplicates=(Duplicate("urn:x", ("a.py:1 (parent p)", "a.py:2 (parent q)")),))


def large_plan(cells: int = 100, each: int = 10) -> Plan:
    """Many components alike, with many resources."""
    resources: list[PlanResource] = []
    for number in range(cells):
        cell = resource(CELL, f"cell-{number:04}", kind=Kind.COMPONENT)
        resources.append(cell)
        resources += [
            resource(BUCKET, f"b-{number:04}-{index:02}", {"bucket": "x" * 100}, parent=cell.urn, parent_type=CELL)
            for index in range(each)
        ]
    broken = tuple(violation("enc-s3", f"b-{number:04}-00") for number in range(cells))
    return plan_of(*resources, violations=broken, policy_pack="pack 1.0")
