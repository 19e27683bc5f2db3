"""Every rule against its samples, and what must hold for all rules alike."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.findings import State
from policies.pack import RULES, rule
from policies.rule import ANY_TYPE, Level, Rule
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample, blurred, judge, secret, waiver, with_secrets

ESSENTIAL = frozenset(each.id for each in RULES if each.essential)
"""Rules that read configuration: they meet no unknown and no secret, and cannot be waived."""

SETTLED = frozenset({"stack-env-tags"})
"""Rules that read what the engine always knows: they meet no unknown."""


def samples(of: Rule[Any], *cases: Case) -> tuple[Sample, ...]:
    module = importlib.import_module(f"tests.policies.samples.{of.id.replace('-', '_')}")
    return tuple(sample for sample in module.SAMPLES if not cases or sample.case in cases)


def _pairs(*cases: Case, essential: bool = True) -> list[Any]:
    return [
        pytest.param(each, sample, id=f"{each.id}, {sample.case}: {sample.name}")
        for each in RULES
        if essential or each.id not in ESSENTIAL
        for sample in samples(each, *cases)
    ]


def _breaking(essential: bool = True) -> list[Any]:
    return _pairs(Case.DISALLOWED, Case.OUTSIDE, essential=essential)


@pytest.mark.parametrize(("each", "sample"), _pairs())
def test_a_sample_gives_exactly_its_findings(each: Rule[Any], sample: Sample) -> None:
    messages = [report.message for report in judge(each, sample)]
    assert len(messages) == len(sample.finds), messages
    for message, piece in zip(messages, sample.finds, strict=True):
        assert piece in message


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.id)
def test_a_rule_has_samples_of_every_kind(each: Rule[Any]) -> None:
    wanted = {Case.ALLOWED, Case.DISALLOWED, Case.NOT_APPLICABLE}
    if each.id not in ESSENTIAL | SETTLED:
        wanted.add(Case.UNKNOWN)
    schema = each.parameters.model_json_schema().get("properties", {})
    if any(field.get("type") in ("integer", "number") for field in schema.values()):
        wanted |= {Case.INSIDE, Case.OUTSIDE}
    assert wanted - {sample.case for sample in samples(each)} == set()


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.id)
def test_only_samples_that_break_a_rule_expect_findings(each: Rule[Any]) -> None:
    for sample in samples(each):
        breaks = sample.case in (Case.DISALLOWED, Case.OUTSIDE, Case.UNKNOWN)
        assert bool(sample.finds) == breaks, sample.name


@pytest.mark.parametrize(("each", "sample"), _breaking(essential=False))
def test_a_waiver_turns_every_finding_into_a_visible_advisory(each: Rule[Any], sample: Sample) -> None:
    found = judge(each, sample)
    waivers = tuple(waiver(each.id, urn) for urn in sorted({report.urn for report in found}))
    waived = judge(each, sample, waivers=waivers)
    assert [(report.state, report.level) for report in waived] == [(State.WAIVED, Level.ADVISORY)] * len(found)
    for report in waived:
        assert report.message.startswith("waived until 2026-12-31 by team-x (OPS-12): ")


@pytest.mark.parametrize(("each", "sample"), _breaking(essential=False))
def test_a_secret_is_judged_like_any_value_and_never_quoted(each: Rule[Any], sample: Sample) -> None:
    hidden = replace(sample, resources=tuple(_hidden(resource) for resource in sample.resources))
    reports = judge(each, hidden)
    assert len(reports) == len(judge(each, sample))
    for text in _long_leaves([resource.properties for resource in sample.resources]):
        for report in reports:
            assert text not in report.text


@pytest.mark.parametrize(("each", "sample"), _breaking(essential=False))
def test_an_unknown_value_never_turns_a_violation_into_a_pass(each: Rule[Any], sample: Sample) -> None:
    for index, resource in enumerate(sample.resources):
        for path, properties in blurred(resource.properties):
            resources = list(sample.resources)
            resources[index] = replace(resource, properties=properties, needs={})
            assert judge(each, replace(sample, resources=tuple(resources))), f"{resource.name}{path}"


@pytest.mark.parametrize(("each", "sample"), _pairs(Case.UNKNOWN))
def test_what_a_rule_cannot_judge_is_as_grave_as_what_breaks_it(each: Rule[Any], sample: Sample) -> None:
    doubtful = [report for report in judge(each, sample) if report.state is State.UNDETERMINED]
    assert doubtful
    assert {report.level for report in doubtful} == {each.level}
    advisory = judge(each, sample, levels={each.id: "advisory"})
    assert {report.level for report in advisory} == {Level.ADVISORY}
    assert judge(each, sample, levels={each.id: "disabled"}) == []


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.id)
def test_a_rule_documents_itself(each: Rule[Any]) -> None:
    for text in (each.title, each.description, each.effect, each.remedy):
        assert text.strip() == text
        assert len(text) > 20
    assert each.title[0].isupper()
    assert not each.title.endswith(".")
    assert not each.effect.endswith(".")
    assert importlib.import_module(f"policies.checks.{each.id.replace('-', '_')}").RULE is each


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.id)
def test_parameters_are_flat_described_and_have_defaults(each: Rule[Any]) -> None:
    schema = each.parameters.model_json_schema()
    assert "$ref" not in json.dumps(schema)
    assert "enforcementLevel" not in schema.get("properties", {})
    for field in schema.get("properties", {}).values():
        assert field["description"]
        assert "default" in field
    defaults = each.parameters()
    assert each.parameters.model_validate(defaults.model_dump()) == defaults


def test_rules_are_found_by_their_ids() -> None:
    assert [each.id for each in RULES] == sorted({each.id for each in RULES})
    assert rule("pod-nonroot").id == "pod-nonroot"
    with pytest.raises(KeyError):
        rule("pod-nonroots")


def test_a_secret_is_masked_before_the_message_is_scrubbed() -> None:
    resource = Declared(BUCKET, "m", {"encryption": secret("x1"), "deep": {"inner": [secret("y2")]}})
    view = resource.build({}, alone=True)
    assert view["encryption"].text() == "x1"
    assert view["encryption"].shown == "[secret]"
    assert view["deep"].shown == "[secret]"
    assert view.at("deep", "inner", 0).shown == "[secret]"


def test_the_disallowed_sample_of_deletion_protection_is_advisory_in_dev() -> None:
    each = rule("deletion-protection")
    sample = samples(each, Case.DISALLOWED)[0]
    assert {report.level for report in judge(each, sample, kind="dev")} == {Level.ADVISORY}
    assert {report.level for report in judge(each, sample, kind="prod")} == {Level.MANDATORY}
    mandatory = judge(each, sample, kind="dev", levels={each.id: "mandatory"})
    assert {report.level for report in mandatory} == {Level.MANDATORY}


def _hidden(resource: Declared) -> Declared:
    return replace(resource, properties=with_secrets(resource.properties))


def _long_leaves(value: Any) -> set[str]:
    """Texts that a message could quote; shorter ones occur in any sentence."""
    if isinstance(value, dict):
        return {text for child in value.values() for text in _long_leaves(child)}
    if isinstance(value, list):
        return {text for child in value for text in _long_leaves(child)}
    return {value} if isinstance(value, str) and len(value) >= 4 and value != UNKNOWN else set()


def _nested(wrap: Callable[[Any], Any], depth: int = 200) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = wrap(value)
    return value


HUGE: tuple[Any, ...] = (
    10**400,  # more than a double can be, which JSON and YAML may hold all the same
    -(10**400),
    1e308,
    "9" * 5_000,  # more digits than Python makes a number of
    f"rate({'9' * 5_000} days)",
    "x" * 100_000,
    "a-" * 20_000,
    [[]] * 1_000,
    _nested(lambda inner: [inner]),
    _nested(lambda inner: {"a": inner}),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just(UNKNOWN)
    | st.sampled_from(HUGE)
)
VALUES = st.recursive(
    LEAVES | LEAVES.map(secret),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


def _keys_of(properties: Any) -> set[str]:
    if isinstance(properties, dict):
        return set(properties).union(*(_keys_of(child) for child in properties.values()))
    if isinstance(properties, list):
        return set().union(*(_keys_of(child) for child in properties))
    return set()


@st.composite
def _mangled(draw: st.DrawFn, sample: Sample) -> Sample:
    """The sample with some branches replaced by anything."""
    return replace(
        sample,
        resources=tuple(
            replace(resource, properties=draw(_mangled_value(resource.properties)) or {})
            for resource in sample.resources
        ),
    )


@st.composite
def _mangled_value(draw: st.DrawFn, value: Any, depth: int = 0) -> Any:
    if depth and draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        kept = {key: child for key, child in value.items() if draw(st.integers(0, 11))}
        return {key: draw(_mangled_value(child, depth + 1)) for key, child in kept.items()}
    if isinstance(value, list):
        return [draw(_mangled_value(child, depth + 1)) for child in value]
    return draw(_mangled_document(value)) if isinstance(value, str) else value


@st.composite
def _mangled_document(draw: st.DrawFn, text: str) -> str:
    """A text whose branches are replaced too, if it is a document in JSON or YAML."""
    for read, write in ((json.loads, json.dumps), (yaml.safe_load, yaml.safe_dump)):
        try:
            document = read(text)
        except (ValueError, yaml.YAMLError):
            continue
        if isinstance(document, (dict, list)):
            return str(write(draw(_mangled_value(document))))
    return text


@pytest.mark.parametrize("each", [each for each in RULES if each.id not in ESSENTIAL], ids=lambda each: each.id)
def test_no_huge_value_makes_a_rule_fail(each: Rule[Any]) -> None:
    for sample in samples(each, Case.ALLOWED, Case.DISALLOWED):
        for index, resource in enumerate(sample.resources):
            for huge in HUGE[:5]:
                for path, properties in blurred(resource.properties, huge):
                    resources = list(sample.resources)
                    resources[index] = replace(resource, properties=properties)
                    reports = judge(each, replace(sample, resources=tuple(resources)))
                    assert [one for one in reports if one.state is State.ERROR] == [], f"{resource.name}{path}"


@pytest.mark.parametrize("each", [each for each in RULES if each.id not in ESSENTIAL], ids=lambda each: each.id)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_properties_make_a_rule_fail(each: Rule[Any], data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(samples(each)).flatmap(_mangled))
    assert [report for report in judge(each, sample) if report.state is State.ERROR] == []


@pytest.mark.parametrize("each", [each for each in RULES if each.id not in ESSENTIAL], ids=lambda each: each.id)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_invented_properties_make_a_rule_fail(each: Rule[Any], data: st.DataObject) -> None:
    keys = sorted(set().union(*(_keys_of(r.properties) for s in samples(each) for r in s.resources)) or {"x"})
    properties = st.dictionaries(
        st.sampled_from(keys),
        st.recursive(
            LEAVES | LEAVES.map(secret),
            lambda children: (
                st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(keys), children, max_size=3)
            ),
            max_leaves=12,
        ),
        max_size=4,
    )
    tokens = [BUCKET] if ANY_TYPE in each.tokens else list(each.tokens)
    token = data.draw(st.sampled_from(tokens))
    sample = Sample(Case.DISALLOWED, "invented", (Declared(token, "any", data.draw(properties)),))
    assert [report for report in judge(each, sample) if report.state is State.ERROR] == []
