"""The frame around rules: exceptions, unknowns that wait for the stack, secrets, waivers, order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from policies.findings import State, parse_message
from policies.judge import Judge
from policies.keys import KMS_KEY
from policies.levels import Override, resolve
from policies.lifecycle import BEDROCK_AGENTS
from policies.pack import RULES, rule
from policies.rule import Kind, Level, Outcome, Parameters, Rule, Severity, Topic, Violation
from policies.views import UNKNOWN, Resource
from policies.waivers import Waiver
from tests.policies.harness import TODAY, Declared, run, secret, urn, waiver

TOKEN = "aws:cloudwatch/logGroup:LogGroup"
LOGS = Declared(TOKEN, "logs", {"kmsKeyId": UNKNOWN})


def _rule(check: object, **changes: object) -> Rule[Parameters]:
    written: Rule[Parameters] = Rule(
        id="test-rule",
        title="Things hold",
        description="Nothing in particular is looked at.",
        effect="nothing good",
        remedy="make things hold",
        topic=Topic.CHANGE,
        kind=Kind.RESOURCE,
        severity=Severity.LOW,
        tokens=(TOKEN,),
        parameters=Parameters,
        check=check,  # type: ignore[arg-type]
    )
    return replace(written, **changes)  # type: ignore[arg-type]


def _judge(*rules: Rule[Parameters], written: str = "{}") -> Judge:
    settings = resolve(rules, {"shop:environment": written})
    assert settings.mistakes == []
    return Judge(rules, settings, TODAY)


def _fails(resource: Resource, parameters: Parameters) -> Iterator[Outcome]:
    yield Violation("found before the mistake")
    raise KeyError("hunter2")


def _quotes(resource: Resource, parameters: Parameters) -> Iterator[Outcome]:
    yield Violation(f"the value is {resource['kmsKeyId'].text()}")


def test_an_exception_in_a_rule_is_a_finding_against_the_rule_and_stops_no_other() -> None:
    reports = run(_judge(_rule(_fails), rule("enc-logs-cmk")), (replace(LOGS, properties={}),))
    assert [(report.rule, report.state) for report in reports] == [
        ("test-rule", State.VIOLATION),
        ("test-rule", State.ERROR),
        ("enc-logs-cmk", State.VIOLATION),
    ]
    assert reports[1].level is Level.MANDATORY
    assert "KeyError" in reports[1].text
    assert "hunter2" not in reports[1].message
    assert "Traceback" not in reports[1].message


def test_a_secret_that_a_careless_rule_quotes_is_scrubbed() -> None:
    reports = run(_judge(_rule(_quotes)), (replace(LOGS, properties={"kmsKeyId": secret("hunter2")}),))
    assert [report.text for report in reports] == ["the value is [secret]: nothing good"]


def test_what_a_resource_rule_cannot_know_alone_is_asked_again_with_the_stack() -> None:
    judging = _judge(rule("enc-logs-cmk"))
    logs = replace(LOGS, needs={"kmsKeyId": ("key",)})
    urns = {"key": urn(KMS_KEY, "key")}
    assert judging.judge_resource(logs.build(urns, alone=True)) == []
    stack = [logs.build(urns, alone=False), Declared(KMS_KEY, "key", {}).build({}, alone=False)]
    assert judging.judge_stack(stack) == []


def test_a_resource_that_comes_after_the_stack_is_judged_at_once() -> None:
    judging = _judge(rule("enc-logs-cmk"))
    bound = Declared(TOKEN, "bound", {"kmsKeyId": UNKNOWN}, {"kmsKeyId": ("key",)})
    key = Declared(KMS_KEY, "key", {})
    urns = {"key": key.urn}
    stack = [resource.build(urns, alone=False) for resource in (LOGS, bound, key)]
    assert judging.judge_stack(stack) == []
    assert judging.judge_resource(bound.build(urns, alone=True)) == []
    late = judging.judge_resource(LOGS.build({}, alone=True))
    assert [report.state for report in late] == [State.UNDETERMINED]


def test_stack_rules_judge_declared_inputs_where_they_were_seen() -> None:
    judging = _judge(_rule(_quotes, kind=Kind.STACK))
    judging.judge_resource(replace(LOGS, properties={"kmsKeyId": "declared"}).build({}, alone=True))
    reports = judging.judge_stack([replace(LOGS, properties={"kmsKeyId": "computed"}).build({}, alone=False)])
    assert [report.text for report in reports] == ["the value is declared: nothing good"]


def test_a_finding_that_was_reported_before_is_not_repeated_with_the_stack() -> None:
    def both(resource: Resource, parameters: Parameters) -> Iterator[Outcome]:
        yield Violation("certain")
        resource["kmsKeyId"].text()

    reports = run(_judge(_rule(both)), (LOGS,))
    assert [report.state for report in reports] == [State.VIOLATION, State.UNDETERMINED]


def test_an_expired_waiver_silences_nothing() -> None:
    expired = Waiver.model_validate(waiver("enc-logs-cmk", LOGS.urn, expires="2026-11-19"))
    settings = resolve(RULES, {})
    settings.waivers.append(expired)
    reports = run(Judge(RULES, settings, TODAY), (replace(LOGS, properties={}),))
    assert ("enc-logs-cmk", State.VIOLATION) in [(report.rule, report.state) for report in reports]
    assert any(report.rule == "exception-ttl" and "expired" in report.text for report in reports)


def test_a_waiver_covers_only_its_rule_and_its_resource() -> None:
    settings = resolve(RULES, {})
    settings.waivers.append(Waiver.model_validate(waiver("enc-logs-cmk", urn(TOKEN, "logs"))))
    other = Declared(TOKEN, "other", {})
    reports = run(Judge(RULES, settings, TODAY), (replace(LOGS, properties={}), other))
    states = {(report.rule, report.urn): report.state for report in reports}
    assert states["enc-logs-cmk", LOGS.urn] is State.WAIVED
    assert states["enc-logs-cmk", other.urn] is State.VIOLATION
    assert states["tag-required-set", LOGS.urn] is State.VIOLATION


def test_an_error_in_a_rule_cannot_be_waived() -> None:
    broken = _rule(_fails)
    settings = resolve((broken,), {})
    settings.waivers.append(Waiver.model_validate(waiver("test-rule", LOGS.urn)))
    states = [report.state for report in run(Judge((broken,), settings, TODAY), (LOGS,))]
    assert states == [State.WAIVED, State.ERROR]


def test_messages_can_be_taken_apart_again() -> None:
    for report in run(_judge(_rule(_fails), rule("enc-logs-cmk")), (LOGS,)):
        parsed = parse_message(report.message)
        assert (parsed.state, parsed.text, parsed.remedy) == (report.state, report.text, report.remedy)
    assert parse_message("anything: of another pack").state is State.VIOLATION
    assert parse_message("").text == ""


def test_pulumis_own_configuration_wins_over_the_stacks() -> None:
    written = {"shop:environment": '{"policies": {"levels": {"enc-logs-cmk": "disabled"}}}'}
    overrides = {"enc-logs-cmk": Override(Level.MANDATORY, {})}
    assert resolve(RULES, written).level("enc-logs-cmk") is Level.DISABLED
    assert resolve(RULES, written, overrides).level("enc-logs-cmk") is Level.MANDATORY


def test_a_mistake_in_configuration_leaves_the_default_in_force() -> None:
    overrides = {"kms-rotation-window": Override(Level.MANDATORY, {"maximum_rotation_days": 1})}
    settings = resolve(RULES, {}, overrides)
    assert settings.parameters["kms-rotation-window"] == resolve(RULES, {}).parameters["kms-rotation-window"]
    assert len(settings.mistakes) == 1
    assert "kms-rotation-window.maximum_rotation_days" in settings.mistakes[0]


def test_a_stack_that_is_not_ours_gets_the_strictest_defaults() -> None:
    for config in ({}, {"shop:environment": "production"}, {"aws:region": "eu-west-1"}):
        settings = resolve(RULES, config)
        assert settings.mistakes == []
        assert settings.level("deletion-protection") is Level.MANDATORY


def test_a_mistake_never_quotes_the_value() -> None:
    written = '{"policies": {"parameters": {"kms-rotation-window": {"maximum_rotation_days": "hunter2"}}}}'
    mistakes = resolve(RULES, {"shop:environment": written}).mistakes
    assert mistakes
    assert "hunter2" not in " ".join(mistakes)


def test_a_service_that_closes_is_refused_from_that_day_on() -> None:
    agent = Declared("aws:bedrock/agentAgent:AgentAgent", "agent", {})
    closing = rule("deprecated-services")
    settings = resolve([closing], {})
    days = (BEDROCK_AGENTS.closed or TODAY) - timedelta(days=1), BEDROCK_AGENTS.closed or TODAY
    found = [run(Judge([closing], settings, day), (agent,)) for day in days]
    assert [len(reports) for reports in found] == [0, 1]
