"""Which findings are new: by rule, resource, state and message, through renames."""

from __future__ import annotations

import dataclasses

from serving.preview.diff import compare, to_document
from serving.preview.plan import Plan, Violation
from tests.preview.samples import plan_of, resource, urn_of

BUCKET = "aws:s3/bucket:Bucket"


def found(rule: str = "enc", name: str = "a", **fields: str) -> Violation:
    texts = {"level": "mandatory", "state": "violation", "message": "is open", "title": "", "remedy": ""}
    return Violation(**{"rule": rule, "urn": urn_of(BUCKET, name), "severity": "", "url": ""} | texts | fields)


def plan(*violations: Violation, name: str = "a") -> Plan:
    inputs = {"bucket": "one", "tags": {"owner": "x"}}
    return plan_of(resource(BUCKET, name, inputs), violations=violations, policy_pack="pack 1")


def counts(old: Plan, new: Plan) -> tuple[int, int, int]:
    trend = compare(old, new, "main").trend
    assert trend is not None
    return len(trend.new), len(trend.resolved), trend.standing


def test_findings_are_new_resolved_or_as_before() -> None:
    assert counts(plan(found("x"), found("y")), plan(found("y"), found("z"))) == (1, 1, 1)
    assert counts(plan(), plan()) == (0, 0, 0)


def test_equal_findings_count_each() -> None:
    assert counts(plan(found()), plan(found(), found())) == (1, 0, 1)


def test_a_finding_of_another_level_state_or_message_is_another_one() -> None:
    for change in ({"level": "advisory"}, {"state": "waived"}, {"message": "is wide open"}):
        assert counts(plan(found()), plan(dataclasses.replace(found(), **change))) == (1, 1, 0)


def test_a_renamed_resource_keeps_its_findings() -> None:
    assert counts(plan(found(name="a")), plan(found(name="b"), name="b")) == (0, 0, 1)


def test_without_a_judgement_on_both_sides_there_is_no_trend() -> None:
    unjudged = dataclasses.replace(plan(), policy_pack=None)
    assert compare(unjudged, plan(found()), "main").trend is None
    assert to_document(compare(unjudged, plan(found()), "main"))["findings"] is None


def test_the_document_holds_the_findings_that_differ() -> None:
    document = to_document(compare(plan(found("x")), plan(found("y")), "main"))["findings"]
    assert [entry["rule"] for entry in document["new"]] == ["y"]
    assert [entry["rule"] for entry in document["resolved"]] == ["x"]
    assert document["standing"] == 0
