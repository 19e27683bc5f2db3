"""The pack gets what the engine would give it, and what it says arrives without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.blueprint.errors import InputError
from serving.preview import policy_driver
from serving.preview.plan import Plan, Violation
from serving.preview.policy_driver import PolicyPackError, _seconds, stack_tags
from serving.preview.project import Project, StackConfig
from serving.preview.session import list_policies
from tests.preview.samples import PACKS, PROGRAMS, SECRET, preview_of


@pytest.fixture(scope="module")
def judged() -> Plan:
    return preview_of("platform", "demo")


def of_rule(plan: Plan, rule: str) -> list[Violation]:
    return [violation for violation in plan.violations if violation.rule == rule]


def test_a_pack_that_finds_nothing_mandatory_lets_the_plan_pass(judged: Plan) -> None:
    assert judged.mandatory == ()
    assert judged.policy_pack == "demo 1.2.3"


def test_parameters_of_a_rule_have_the_defaults_of_its_schema(judged: Plan) -> None:
    assert of_rule(judged, "named") == []


def test_a_violation_names_rule_resource_and_remedy() -> None:
    found = preview_of("platform", "demo", {"named": {"prefix": "other-"}}).mandatory
    assert {violation.urn.rpartition("::")[2] for violation in found} == {"copy-bucket", "models-bucket"}
    assert {violation.remedy for violation in found} == {"rename the bucket"}
    assert found[0].message == "demo-copy lacks the prefix"


def test_a_resource_without_a_provider_is_judged_with_the_default_one_of_the_stack(judged: Plan) -> None:
    (violation,) = of_rule(judged, "telling")
    assert "in eu-west-1" in violation.message


def test_a_message_that_quotes_a_secret_is_redacted(judged: Plan) -> None:
    (violation,) = of_rule(judged, "telling")
    assert "[secret]" in violation.message
    assert SECRET not in violation.message


def test_a_stack_rule_sees_options_parents_and_property_dependencies(judged: Plan) -> None:
    (violation,) = of_rule(judged, "counting")
    assert violation.urn.endswith("pulumi:pulumi:Stack::platform-dev")
    protected, depending, children = (int(part.split()[0]) for part in violation.message.split(","))
    assert (protected, depending) == (2, 2)
    assert children == len(judged.resources) - 1


def test_levels_are_configurable_for_one_rule_and_for_all() -> None:
    strict = preview_of("platform", "demo", {"telling": "mandatory"})
    assert {violation.rule for violation in strict.mandatory} == {"telling"}
    assert preview_of("platform", "demo", {"all": "disabled"}).violations == ()


def test_policies_that_judge_are_counted_and_disabled_ones_named(judged: Plan) -> None:
    assert (judged.policies, judged.disabled_policies) == (3, ("tagged",))
    fewer = preview_of("platform", "demo", {"telling": "disabled"})
    assert (fewer.policies, fewer.disabled_policies) == (2, ("tagged", "telling"))


def test_a_remediation_is_named_and_not_applied() -> None:
    plan = preview_of("platform", "demo", {"tagged": "remediate"})
    assert {(r.urn.rpartition("::")[2], r.properties) for r in plan.remediations} == {
        ("copy-key", ("tags",)),
        ("models-key", ("tags",)),
    }
    key = next(resource for resource in plan.resources if resource.name == "models-key")
    assert "tags" not in key.inputs


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"nowhere": "advisory"}, "no such policy"),
        ({"named": "loud"}, "no enforcement level"),
        ({"named": {"prefix": 3}}, "named.prefix"),
        ({"all": 3}, "has to be a level"),
        ({"named": ["x"]}, "has to be a level"),
        ({"named": {"enforcementLevel": []}}, "no enforcement level"),
    ],
)
def test_a_configuration_that_does_not_fit_the_pack_is_refused(config: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        preview_of("platform", "demo", config)


def test_a_pack_that_does_not_start_is_told_with_its_last_words() -> None:
    with pytest.raises(PolicyPackError, match="no such luck"):
        preview_of("duplicates", "dies")


def test_a_pack_that_is_gone_is_not_waited_for() -> None:
    with pytest.raises(PolicyPackError, match="silent/ stopped answering"):
        preview_of("duplicates", "silent")


def test_a_pack_that_hangs_is_told_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_driver, "_ANSWER_SECONDS", 2)
    with pytest.raises(PolicyPackError, match="hangs/ did not answer within 2 seconds"):
        preview_of("duplicates", "hangs")


def test_the_stack_is_judged_after_every_resource_was() -> None:
    plan = preview_of("platform", "ordered")
    (violation,) = of_rule(plan, "telling")
    judged, _, missing = violation.message.partition(" judged, ")
    assert missing == "missing: []"
    assert int(judged) >= len(plan.resources)


def test_a_folder_without_a_pack_is_refused() -> None:
    with pytest.raises(InputError, match=r"PulumiPolicy\.yaml"):
        preview_of("duplicates", "../programs")


def test_policies_are_listed_with_their_levels() -> None:
    found = list_policies(PROGRAMS / "duplicates", "dev", PACKS / "demo")
    assert {policy.name: policy.level for policy in found} == {
        "named": "mandatory",
        "telling": "advisory",
        "counting": "advisory",
        "tagged": "disabled",
    }


@pytest.mark.parametrize(("text", "seconds"), [("", 0), ("45s", 45), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400)])
def test_durations_are_read_as_the_engine_reads_them(text: str, seconds: float) -> None:
    assert _seconds(text) == seconds


def test_tags_of_the_stack_are_those_that_stand_in_its_configuration() -> None:
    project = Project(root=Path(), name="shop", program=Path(), config={})
    tags = {"pulumi:tags": '{"owner": "ml-platform"}'}
    stack = StackConfig(stack="dev", values=tags, secret_keys=frozenset())
    assert stack_tags(project, stack) == {
        "owner": "ml-platform",
        "pulumi:project": "shop",
        "pulumi:runtime": "python",
    }
