"""The pack as the engine runs it: its own process, driven over the Analyzer protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.findings import State, parse_message
from policies.keys import KMS_KEY
from policies.pack import RULES, version
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from serving.blueprint.tags import OWNERSHIP_KEYS
from tests.policies.harness import secret, urn, waiver

ROOT = Path(__file__).parents[2]
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TAGS = {key.value: "x" for key in OWNERSHIP_KEYS}


@contextmanager
def _served(pack: Path, config: Mapping[str, Any] | None = None) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """Start a pack as the language host does: in its folder, by path, with the configuration in the environment."""
    environ = {**os.environ, "PULUMI_CONFIG": json.dumps(config or {})}
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=pack, env=environ, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    with _served(ROOT / "policies") as stub:
        yield stub


def _struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def _analyze(
    stub: analyzer_pb2_grpc.AnalyzerStub, token: str, properties: Mapping[str, Any], rule: str
) -> list[proto.AnalyzeDiagnostic]:
    request = proto.AnalyzeRequest(
        type=token, urn=urn(token, "one"), name="one", properties=_struct({"tags": TAGS, **properties})
    )
    return [found for found in stub.Analyze(request).diagnostics if found.policyName == rule]


def _analyze_stack(
    stub: analyzer_pb2_grpc.AnalyzerStub, *resources: proto.AnalyzerResource
) -> list[proto.AnalyzeDiagnostic]:
    return list(stub.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources)).diagnostics)


def _of_rule(rule: str, found: Iterable[proto.AnalyzeDiagnostic]) -> list[proto.AnalyzeDiagnostic]:
    return [one for one in found if one.policyName == rule]


def _resource(token: str, properties: Mapping[str, Any], **needs: str) -> proto.AnalyzerResource:
    resource = proto.AnalyzerResource(type=token, urn=urn(token, "one"), name="one", properties=_struct(properties))
    for key, source in needs.items():
        resource.propertyDependencies[key].urns.append(source)
    return resource


def _configured(stub: analyzer_pb2_grpc.AnalyzerStub, policies: Mapping[str, Any], kind: str = "prod") -> None:
    environment = json.dumps({"kind": kind, "policies": policies})
    stub.ConfigureStack(
        proto.AnalyzerStackConfigureRequest(stack="prod", project="shop", config={"shop:environment": environment})
    )


def test_the_pack_describes_every_rule(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert [policy.name for policy in info.policies] == [rule.id for rule in RULES]
    assert (info.version, info.supportsConfig) == (version(), True)
    assert all(policy.remediation_steps and policy.severity for policy in info.policies)
    assert pack.GetPluginInfo(empty_pb2.Empty()).version == version()


def test_levels_and_parameters_are_those_of_the_environment(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    parameters = {"kms-rotation-window": {"maximum_rotation_days": 180}}
    _configured(pack, {"levels": {"enc-logs-cmk": "advisory"}, "parameters": parameters}, kind="dev")
    policies = {policy.name: policy for policy in pack.GetAnalyzerInfo(empty_pb2.Empty()).policies}
    assert policies["enc-logs-cmk"].enforcementLevel == proto.ADVISORY
    assert policies["deletion-protection"].enforcementLevel == proto.ADVISORY
    assert policies["enc-eks-secrets"].enforcementLevel == proto.MANDATORY
    schema = policies["kms-rotation-window"].configSchema.properties
    assert schema["maximum_rotation_days"]["default"] == 180
    (found,) = _analyze(pack, LOG_GROUP, {}, "enc-logs-cmk")
    assert found.enforcementLevel == proto.ADVISORY
    _analyze_stack(pack)


def test_the_engines_answer_to_the_description_changes_nothing(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """The engine sends every policy back with its level and the defaults of its schema."""
    _configured(pack, {"levels": {"enc-logs-cmk": "disabled"}, "parameters": {"pod-nonroot": {"lowest_uid": 5}}})
    before = pack.GetAnalyzerInfo(empty_pb2.Empty())
    request = proto.ConfigureAnalyzerRequest()
    for policy in before.policies:
        request.policyConfig[policy.name].enforcementLevel = policy.enforcementLevel
        for key, schema in policy.configSchema.properties.items():
            request.policyConfig[policy.name].properties.update({key: schema["default"]})
    pack.Configure(request)
    assert pack.GetAnalyzerInfo(empty_pb2.Empty()) == before
    assert _analyze_stack(pack) == []
    pack.Configure(proto.ConfigureAnalyzerRequest())


def test_pulumis_own_configuration_wins(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    request = proto.ConfigureAnalyzerRequest()
    request.policyConfig["enc-logs-cmk"].enforcementLevel = proto.DISABLED
    pack.Configure(request)
    assert _analyze(pack, LOG_GROUP, {}, "enc-logs-cmk") == []
    pack.Configure(proto.ConfigureAnalyzerRequest())
    assert len(_analyze(pack, LOG_GROUP, {}, "enc-logs-cmk")) == 1
    _analyze_stack(pack)


def test_what_is_unknown_fails_closed_once_the_stack_is_seen(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    properties = {"kmsKeyId": UNKNOWN, "tags": TAGS}
    assert _analyze(pack, LOG_GROUP, properties, "enc-logs-cmk") == []
    (found,) = _of_rule("enc-logs-cmk", _analyze_stack(pack, _resource(LOG_GROUP, properties)))
    parsed = parse_message(found.message)
    assert parsed.state is State.UNDETERMINED
    assert parsed.text.startswith("kmsKeyId is not known before deployment")
    assert parsed.remedy
    assert (found.policyName, found.enforcementLevel) == ("enc-logs-cmk", proto.MANDATORY)
    assert found.urn == urn(LOG_GROUP, "one")


def test_an_unknown_is_resolved_through_property_dependencies(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {"levels": {"deletion-protection": "disabled", "kms-rotation-window": "disabled"}})
    properties = {"kmsKeyId": UNKNOWN, "tags": TAGS}
    _analyze(pack, LOG_GROUP, properties, "enc-logs-cmk")
    key = _resource(KMS_KEY, {"tags": TAGS})
    found = _analyze_stack(pack, key, _resource(LOG_GROUP, properties, kmsKeyId=key.urn))
    assert _of_rule("enc-logs-cmk", found) == []


def test_a_secret_is_never_quoted(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    (found,) = _analyze(pack, LOG_GROUP, {"kmsKeyId": secret("alias/aws/hunter2")}, "enc-logs-cmk")
    assert "hunter2" not in found.message
    assert "[secret]" in found.message
    _analyze_stack(pack)


def test_a_waived_finding_stays_visible_as_an_advisory(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    today = datetime.now(tz=UTC).date()
    days = timedelta(days=10)
    granted, expires = str(today - days), str(today + days)
    _configured(pack, {"waivers": [waiver("enc-logs-cmk", "*::one", granted=granted, expires=expires)]})
    (found,) = _analyze(pack, LOG_GROUP, {}, "enc-logs-cmk")
    assert parse_message(found.message).state is State.WAIVED
    assert f"until {expires} by team-x (OPS-12)" in found.message
    assert found.enforcementLevel == proto.ADVISORY
    assert _analyze_stack(pack) == []


def test_a_waiver_that_covers_nothing_is_a_mandatory_finding(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    today = datetime.now(tz=UTC).date()
    unused = waiver("enc-logs-cmk", "*::one", granted=str(today), expires=str(today + timedelta(days=1)))
    _configured(pack, {"waivers": [unused]})
    (found,) = _analyze_stack(pack)
    assert (found.policyName, found.enforcementLevel) == ("exception-ttl", proto.MANDATORY)
    assert "covers nothing" in found.message


def test_a_mistake_in_the_configuration_is_a_mandatory_finding(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {"levels": {"enc-log-cmk": "advisory"}})
    (found,) = _analyze_stack(pack)
    assert (found.policyName, found.enforcementLevel) == ("policy-configuration", proto.MANDATORY)
    assert "did you mean enc-logs-cmk" in found.message


def test_default_tags_of_the_provider_count(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    request = proto.AnalyzeRequest(type=BUCKET, urn=urn(BUCKET, "one"), name="one")
    request.options.protect = True
    assert len(_of_rule("tag-required-set", pack.Analyze(request).diagnostics)) == 1
    request.provider.type = "pulumi:providers:aws"
    for defaults in ({"tags": TAGS}, json.dumps({"tags": TAGS})):
        request.provider.properties.update({"defaultTags": defaults})
        assert _of_rule("tag-required-set", pack.Analyze(request).diagnostics) == []
    pack.AnalyzeStack(proto.AnalyzeStackRequest())


def test_a_rule_at_level_remediate_fixes_what_it_can(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {"levels": {"kms-rotation-window": "remediate"}})
    request = proto.AnalyzeRequest(
        type=KMS_KEY, urn=urn(KMS_KEY, "key"), properties=_struct({"description": secret("x"), "tags": TAGS})
    )
    (fixed,) = pack.Remediate(request).remediations
    assert fixed.policyName == "kms-rotation-window"
    assert fixed.properties["enableKeyRotation"] is True
    assert fixed.properties["description"] == request.properties["description"]
    request.properties.CopyFrom(fixed.properties)
    assert not pack.Remediate(request).remediations
    request.properties.update({"enableKeyRotation": UNKNOWN})
    (undone,) = pack.Remediate(request).remediations
    assert undone.diagnostic
    assert not undone.HasField("properties")


def test_the_configuration_in_the_environment_counts_where_no_request_brings_one() -> None:
    environment = json.dumps({"kind": "prod", "policies": {"levels": {"enc-logs-cmk": "disabled"}}})
    with _served(ROOT / "policies", {"shop:environment": environment}) as stub:
        levels = {policy.name: policy.enforcementLevel for policy in stub.GetAnalyzerInfo(empty_pb2.Empty()).policies}
    assert levels["enc-logs-cmk"] == proto.DISABLED


def test_an_exception_in_a_rule_is_a_finding_and_not_the_end(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        textwrap.dedent(
            f"""
            import sys
            from dataclasses import replace
            from datetime import date

            sys.path.insert(0, {str(ROOT)!r})
            from policies.pack import RULES, rule
            from policies.server import Analyzer, serve

            def fails(resource, parameters):
                raise RuntimeError(resource["kmsKeyId"].text())
                yield

            broken = replace(rule("enc-logs-cmk"), id="broken", check=fails)
            serve(Analyzer((broken, *RULES), {{}}, "0", lambda: date(2026, 11, 20)))
            """
        )
    )
    with _served(tmp_path) as stub:
        (error,) = _analyze(stub, LOG_GROUP, {"kmsKeyId": secret("hunter2")}, "broken")
        (other,) = _analyze(stub, LOG_GROUP, {}, "enc-logs-cmk")
    assert parse_message(error.message).state is State.ERROR
    assert error.enforcementLevel == proto.MANDATORY
    assert "RuntimeError" in error.message
    assert "hunter2" not in error.message
    assert parse_message(other.message).state is State.VIOLATION


def test_rules_can_be_listed_without_importing_pulumi() -> None:
    script = "import sys, policies.pack; print([m for m in ('pulumi', 'pulumi_aws', 'grpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pack_imports_itself_from_wherever_it_is_started() -> None:
    """The folder of the pack must not be on the path: its modules would shadow others."""
    script = (
        "import runpy, sys, policies.server; policies.server.serve = lambda analyzer: None;"
        f"sys.path.insert(0, {str(ROOT / 'policies')!r}); runpy.run_path({str(ROOT / 'policies')!r},"
        f" run_name='__main__');"
        f"print({str(ROOT / 'policies')!r} in sys.path, {str(ROOT)!r} in sys.path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_what_a_resource_ignores_is_read_from_its_options(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _configured(pack, {})
    request = proto.AnalyzeRequest(type=BUCKET, urn=urn(BUCKET, "one"), name="one", properties=_struct({"tags": TAGS}))
    request.options.ignoreChanges.append("policy")
    found = _of_rule("no-ignore-changes", pack.Analyze(request).diagnostics)
    assert [parse_message(one.message).text.partition(":")[0] for one in found] == ["ignoreChanges covers policy"]
    _analyze_stack(pack)


def test_tags_of_the_stack_come_from_the_engine_and_from_configuration(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    request = proto.AnalyzerStackConfigureRequest(stack="prod", project="shop")
    request.config.update({"pulumi:tags": json.dumps({"owner": "ml-platform"}), "shop:environment": "{}"})
    request.tags.update({"environment": "prod", "change-id": "CHG-1"})
    pack.ConfigureStack(request)
    found = _analyze_stack(pack, _resource("pulumi:pulumi:Stack", {}))
    missing = [one.message.partition(":")[0] for one in _of_rule("stack-env-tags", found)]
    assert missing == ["the stack has no tag approved-by"]
    _configured(pack, {})
