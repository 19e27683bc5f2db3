"""Every fix over the samples of its rule, asked for as the engine asks: by a Remediate request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto

from policies.pack import RULES, rule
from policies.rule import Rule
from policies.server import Analyzer
from policies.tokens import BUCKET, EKS_CLUSTER, REPOSITORY, SERVICE_ACCOUNT
from policies.views import SIGNATURE_KEY, UNKNOWN
from policies.wire import decode
from tests.policies.harness import TODAY, Case, Declared, Json, Sample, blurred, judge, secret, with_secrets
from tests.policies.test_rules import samples

FIXING = [each for each in RULES if each.fix is not None]
BREAKING = (Case.DISALLOWED, Case.OUTSIDE)
HOLDING = (Case.ALLOWED, Case.INSIDE, Case.RESOLVED, Case.NOT_APPLICABLE)

every_fix = pytest.mark.parametrize("each", FIXING, ids=lambda each: each.id)


def written(each: Rule[Any], sample: Sample) -> list[Json | None]:
    """All properties of each resource after one fix; None where the fix writes nothing."""
    policies = {"levels": {each.id: "remediate"}, "parameters": {each.id: sample.parameters}}
    config = {"shop:environment": json.dumps({"kind": "prod", "policies": policies})}
    analyzer = Analyzer((each,), config, "0", lambda: TODAY)
    return [_written(analyzer, resource) for resource in sample.resources]


def _written(analyzer: Analyzer, resource: Declared) -> Json | None:
    properties = struct_pb2.Struct()
    properties.update(resource.properties)
    request = proto.AnalyzeRequest(type=resource.token, urn=resource.urn, name=resource.name, properties=properties)
    found = [one.properties for one in analyzer.Remediate(request, None).remediations if one.HasField("properties")]
    return decode(found[0]) if found else None


def fixed(each: Rule[Any], sample: Sample) -> Sample:
    """The sample after one fix."""
    pairs = zip(sample.resources, written(each, sample), strict=True)
    return replace(
        sample,
        resources=tuple(one if after is None else replace(one, properties=after) for one, after in pairs),
    )


@every_fix
def test_a_fix_leaves_fewer_findings_where_it_changes_anything(each: Rule[Any]) -> None:
    changed = [sample for sample in samples(each, *BREAKING) if any(written(each, sample))]
    assert changed
    for sample in changed:
        assert len(judge(each, fixed(each, sample))) < len(judge(each, sample)), sample.name


@every_fix
def test_a_second_fix_writes_nothing(each: Rule[Any]) -> None:
    for sample in samples(each):
        assert not any(written(each, fixed(each, sample))), sample.name


@every_fix
def test_nothing_is_written_where_the_rule_holds(each: Rule[Any]) -> None:
    for sample in samples(each, *HOLDING):
        assert not any(written(each, sample)), sample.name


@every_fix
def test_no_fix_overwrites_what_is_unknown_or_secret(each: Rule[Any]) -> None:
    """It does not fail either: the server catches what it expects of a fix, and nothing else."""
    for sample in samples(each):
        for index, resource in enumerate(sample.resources):
            for properties in _clouded(resource.properties):
                (after,) = fixed(each, replace(sample, resources=(replace(resource, properties=properties),))).resources
                kept = _marked(after.properties)
                for place, value in _marked(properties).items():
                    assert kept.get(place) == value, f"{sample.name}, resource {index}: {place}"


def _clouded(properties: Json) -> Iterator[Json]:
    """The properties with all of them unknown, all secret, and one unknown after the other."""
    yield dict.fromkeys(properties, UNKNOWN)
    yield {key: secret(value) for key, value in properties.items()}
    yield with_secrets(properties)
    yield from (changed for _, changed in blurred(properties))


def _marked(value: Any, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Any]:
    """Every unknown and every secret, by its place."""
    if value == UNKNOWN or (isinstance(value, dict) and SIGNATURE_KEY in value):
        return {path: value}
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {place: found for key, child in children for place, found in _marked(child, (*path, key)).items()}


def _after(each: str, token: str, properties: Json) -> Json | None:
    (after,) = written(rule(each), Sample(Case.DISALLOWED, "one", (Declared(token, "one", properties),)))
    return after


def test_a_list_with_a_secret_is_not_written_anew() -> None:
    assert _after("eks-control-logs", EKS_CLUSTER, {"enabledClusterLogTypes": ["api", secret("audit")]}) is None


def test_guards_are_set_and_forced_deletion_is_taken_back() -> None:
    assert _after("deletion-protection", EKS_CLUSTER, {}) == {"deletionProtection": True}
    assert _after("deletion-protection", BUCKET, {"forceDestroy": True}) == {"forceDestroy": False}


def test_a_token_that_an_account_asks_for_is_left_to_people() -> None:
    assert _after("pod-sa-token", SERVICE_ACCOUNT, {}) == {"automountServiceAccountToken": False}
    assert _after("pod-sa-token", SERVICE_ACCOUNT, {"automountServiceAccountToken": True}) is None


def test_images_stay_and_what_may_be_pushed_is_left_to_people() -> None:
    after = _after("ecr-immutable-strict", REPOSITORY, {"imageTagMutability": "MUTABLE", "forceDelete": True})
    assert after == {"imageTagMutability": "MUTABLE", "forceDelete": False}
