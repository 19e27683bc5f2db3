"""Two plans are compared as the engine would: by identity, with what a change brings along."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from serving.blueprint.errors import InputError
from serving.preview.diff import Change, PlanDiff, ResourceDiff, compare
from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.preview.values import SECRET, UNKNOWN
from tests.preview.samples import plan_of, resource, urn_of

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
THING = "demo:index:Thing"
GROUP = "demo:index:Group"


def diff(old: Plan, new: Plan) -> PlanDiff:
    return compare(old, new, "base")


def only(old: PlanResource | None, new: PlanResource | None) -> ResourceDiff:
    found = diff(plan_of(*filter(None, [old])), plan_of(*filter(None, [new])))
    assert len(found.resources) == 1
    return found.resources[0]


def component(name: str, **options: Any) -> PlanResource:
    return resource(GROUP, name, kind=Kind.COMPONENT, options=options)


def child(name: str, of: PlanResource, **inputs: Any) -> PlanResource:
    return resource(THING, name, inputs, parent=of.urn, parent_type=GROUP)


def test_equal_plans_do_not_differ(platform: Plan) -> None:
    assert diff(platform, platform).is_empty


def test_what_is_only_new_is_added_and_what_is_only_old_is_removed() -> None:
    thing = resource(THING, "t")
    assert only(None, thing).change is Change.ADDED
    assert only(thing, None).change is Change.REMOVED


def test_a_changed_property_is_told_with_both_values() -> None:
    found = only(resource(BUCKET, "b", {"tags": {"a": "1"}}), resource(BUCKET, "b", {"tags": {"a": "2"}}))
    assert found.change is Change.CHANGED
    (change,) = found.properties
    assert (change.path, change.before, change.after) == (("tags", "a"), "1", "2")


def test_a_changed_identity_replaces_and_says_why() -> None:
    found = only(resource(BUCKET, "b", {"bucket": "one"}), resource(BUCKET, "b", {"bucket": "two"}))
    assert found.change is Change.REPLACED
    assert found.reasons[0].startswith("bucket: ")


def test_an_identity_that_becomes_unknown_may_stay_the_same() -> None:
    found = only(resource(BUCKET, "b", {"bucket": "one"}), resource(BUCKET, "b", {"bucket": UNKNOWN}))
    assert found.change is Change.REPLACED
    assert "may stay the same" in found.reasons[0]


def test_what_takes_its_identity_from_something_replaced_is_replaced_too() -> None:
    def plan(name: str) -> Plan:
        bucket = resource(BUCKET, "b", {"bucket": name})
        users = {"bucket": (bucket.urn,)}
        versioning = resource(VERSIONING, "v", {"bucket": UNKNOWN, "mfa": 1}, uses=users)
        reader = resource(THING, "t", {"bucket": UNKNOWN}, uses=users)
        return plan_of(bucket, versioning, reader)

    found = {one.name: one for one in diff(plan("one"), plan("two")).resources}
    assert list(found) == ["b", "v"]  # the cause first
    assert found["v"].reasons == ("bucket: comes from 'b', which is replaced",)


def test_a_protected_resource_that_would_go_is_blocked() -> None:
    old = resource(BUCKET, "b", {"bucket": "one"}, options={"protect": True})
    assert only(old, None).blocked
    assert only(old, resource(BUCKET, "b", {"bucket": "two"})).blocked
    assert not only(old, dataclasses.replace(old, inputs={"bucket": "one", "tags": {}})).blocked


def test_what_stays_behind_is_told() -> None:
    assert only(resource(BUCKET, "b", options={"retainOnDelete": True}), None).retained


def test_ignored_changes_are_left_out_but_not_what_is_around_them() -> None:
    options = {"ignoreChanges": ["spec.replicas"]}
    old = resource(THING, "t", {"spec": {"replicas": 1, "image": "a"}}, options=options)
    new = resource(THING, "t", {"spec": {"replicas": 2, "image": "b"}}, options=options)
    assert [change.path for change in only(old, new).properties] == [("spec", "image")]


def test_an_alias_carries_the_identity_to_a_new_name() -> None:
    old = resource(BUCKET, "old", {"bucket": "x"})
    found = only(old, resource(BUCKET, "new", {"bucket": "x"}, options={"aliases": [{"name": "old"}]}))
    assert (found.change, found.former_urn, found.properties) == (Change.CHANGED, old.urn, ())


def test_a_full_urn_serves_as_an_alias() -> None:
    old = resource(BUCKET, "old")
    found = only(old, resource(BUCKET, "new", options={"aliases": [old.urn]}))
    assert found.former_urn == old.urn


def test_a_new_name_without_an_alias_replaces_what_looks_the_same() -> None:
    inputs = {"bucket": "x", "tags": {"a": "1"}}
    found = only(resource(BUCKET, "old", inputs), resource(BUCKET, "new", inputs))
    assert found.change is Change.REPLACED
    assert "without an alias" in found.reasons[0]


def test_resources_that_have_little_in_common_are_not_taken_for_one() -> None:
    old, new = resource(THING, "a", {"x": 1, "y": 2, "z": 3}), resource(THING, "b", {"x": 1, "y": 3, "z": 4})
    assert [one.change for one in diff(plan_of(old), plan_of(new)).resources] == [Change.REMOVED, Change.ADDED]


def test_children_inherit_the_alias_of_their_parent_and_its_name() -> None:
    old, new = component("old"), component("new", aliases=[{"name": "old"}])
    before = plan_of(old, child("old-a", old, x=1), child("own", old, x=1))
    after = plan_of(new, child("new-a", new, x=2), child("own", new, x=1))
    found = {one.name: one for one in diff(before, after).resources}
    assert set(found) == {"new", "new-a"}
    assert found["new-a"].former_urn == urn_of(THING, "old-a", GROUP)
    assert [change.path for change in found["new-a"].properties] == [("x",)]


def test_a_change_of_type_by_alias_reaches_the_urns_of_children() -> None:
    other = "demo:index:Other"
    old = component("g")
    new = resource(other, "g", kind=Kind.COMPONENT, options={"aliases": [{"type": GROUP}]})
    grown = resource(THING, "t", {"x": 1}, parent=new.urn, parent_type=other)
    found = diff(plan_of(old, child("t", old, x=1)), plan_of(new, grown))
    assert {one.change for one in found.resources} == {Change.CHANGED}


def test_a_component_is_never_replaced() -> None:
    old, new = component("g"), dataclasses.replace(component("g"), inputs={"x": 1})
    assert only(old, new).change is Change.CHANGED


def test_options_are_compared_and_aliases_that_are_done_with_are_not() -> None:
    old = resource(THING, "t", options={"protect": True, "aliases": [{"name": "s"}]})
    (change,) = only(old, resource(THING, "t")).properties
    assert change.path == ("(options)", "protect")


def test_secrets_are_counted_and_not_compared() -> None:
    thing = resource(THING, "t", {"password": SECRET})
    found = diff(plan_of(thing), plan_of(thing))
    assert (found.is_empty, found.secrets) == (True, 1)


def test_outputs_and_sdk_versions_are_compared() -> None:
    found = diff(
        plan_of(outputs={"url": "a"}, sdk_versions={"aws": "7.1"}),
        plan_of(outputs={"url": "b"}, sdk_versions={"aws": "7.2"}),
    )
    assert not found.is_empty
    assert [change.after for change in (*found.outputs, *found.sdk_versions)] == ["b", "7.2"]


def test_what_hurts_comes_first() -> None:
    old = plan_of(resource(BUCKET, "r", {"bucket": "1"}), resource(THING, "gone", {"a": 1}), resource(THING, "c"))
    new = plan_of(resource(BUCKET, "r", {"bucket": "2"}), resource(GROUP, "new"), resource(THING, "c", {"x": 1}))
    assert [one.change for one in diff(old, new).resources] == list(Change)


def test_plans_of_different_stacks_are_not_compared() -> None:
    with pytest.raises(InputError, match="of demo/dev, this plan is of demo/prod"):
        diff(plan_of(), plan_of(stack="prod"))
