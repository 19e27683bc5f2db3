"""The pack as the engine talks to it: the Analyzer protocol.

Owns the mapping between the protocol and `policies.judge`. It serves the public protocol itself instead of
through `pulumi_policy.PolicyPack`, for three reasons, each measured or read in its source (1.21): that class
decodes every resource once per rule (61 s of CPU for 4,000 resources and 105 rules that do nothing, against
0.4 s decoded once); it drops the marks of secrets before a rule can see them; and it has one level per rule,
so that a waived or undetermined finding could not have its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

from policies.findings import Report
from policies.judge import Judge
from policies.levels import Override, Settings, resolve
from policies.rule import Kind, Level, Rule, Severity
from policies.views import Malformed, Resource, Undetermined
from policies.wire import patched, resource_of, stack_resource_of

PACK_NAME: Final = "model-serving"

_MAXIMUM_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""What the engine allows itself; pulumi/pulumi, sdk/go/common/util/rpcutil/serve.go, read 2026-11."""

_LEVELS: Final = {
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
    Level.DISABLED: proto.DISABLED,
}
_LEVELS_READ: Final = {number: level for level, number in _LEVELS.items()}
_SEVERITIES: Final = {
    Severity.LOW: proto.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: proto.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: proto.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: proto.POLICY_SEVERITY_CRITICAL,
}
_KINDS: Final = {Kind.RESOURCE: proto.POLICY_TYPE_RESOURCE, Kind.STACK: proto.POLICY_TYPE_STACK}


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Serves one stack: configured first, then asked about each resource, then about the stack."""

    def __init__(
        self, rules: tuple[Rule[Any], ...], config: Mapping[str, str], version: str, today: Callable[[], date]
    ) -> None:
        self._rules = rules
        self._config = dict(config)
        self._version = version
        self._today = today
        self._tags: dict[str, str] = {}
        self._overrides: dict[str, Override] = {}
        self._settings: Settings | None = None
        self._judge: Judge | None = None

    # The names below are the protocol's.

    def ConfigureStack(  # noqa: N802
        self, request: proto.AnalyzerStackConfigureRequest, context: object
    ) -> proto.AnalyzerStackConfigureResponse:
        """Take the stack's tags and configuration; it is the same that the environment variable holds."""
        if request.config:
            self._config = dict(request.config)
        self._tags = dict(request.tags)
        self._settings = self._judge = None
        return proto.AnalyzerStackConfigureResponse()

    def Configure(  # noqa: N802
        self, request: proto.ConfigureAnalyzerRequest, context: object
    ) -> empty_pb2.Empty:
        """Take Pulumi's own policy configuration, which wins over the stack's."""
        self._overrides = {
            name: Override(_LEVELS_READ[config.enforcementLevel], json_format.MessageToDict(config.properties))
            for name, config in request.policyConfig.items()
        }
        self._settings = self._judge = None
        return empty_pb2.Empty()

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: object) -> proto.AnalyzerInfo:  # noqa: N802
        """Describe the pack, with the levels and parameters that hold for this stack."""
        policies = [_policy_info(rule, self._resolved()) for rule in self._rules]
        return proto.AnalyzerInfo(
            name=PACK_NAME,
            displayName="Model serving",
            version=self._version,
            supportsConfig=True,
            policies=policies,
        )

    def GetPluginInfo(self, request: empty_pb2.Empty, context: object) -> plugin_pb2.PluginInfo:  # noqa: N802
        """The version of the pack."""
        return plugin_pb2.PluginInfo(version=self._version)

    def Analyze(self, request: proto.AnalyzeRequest, context: object) -> proto.AnalyzeResponse:  # noqa: N802
        """Judge one resource by its inputs."""
        return self._response(self._judging().judge_resource(resource_of(request)))

    def AnalyzeStack(  # noqa: N802
        self, request: proto.AnalyzeStackRequest, context: object
    ) -> proto.AnalyzeResponse:
        """Judge the stack, after all of its resources."""
        resources = [stack_resource_of(resource) for resource in request.resources]
        return self._response(self._judging().judge_stack(resources))

    def Remediate(self, request: proto.AnalyzeRequest, context: object) -> proto.RemediateResponse:  # noqa: N802
        """Apply the fixes of the rules that are at level `remediate`, one after the other."""
        response = proto.RemediateResponse()
        current = proto.AnalyzeRequest()
        current.CopyFrom(request)
        for rule in self._fixing(resource_of(request).token):
            remediation = self._remediation(rule, current)
            if remediation is not None:
                response.remediations.append(remediation)
                if remediation.HasField("properties"):
                    current.properties.CopyFrom(remediation.properties)
        return response

    def Cancel(self, request: empty_pb2.Empty, context: object) -> empty_pb2.Empty:  # noqa: N802
        """Nothing runs between requests."""
        return empty_pb2.Empty()

    def _resolved(self) -> Settings:
        if self._settings is None:
            self._settings = resolve(self._rules, self._config, self._overrides, self._tags)
        return self._settings

    def _judging(self) -> Judge:
        if self._judge is None:
            self._judge = Judge(self._rules, self._resolved(), self._today())
        return self._judge

    def _response(self, reports: list[Report]) -> proto.AnalyzeResponse:
        return proto.AnalyzeResponse(diagnostics=[self._diagnostic(report) for report in reports])

    def _diagnostic(self, report: Report) -> proto.AnalyzeDiagnostic:
        return proto.AnalyzeDiagnostic(
            policyName=report.rule,
            policyPackName=PACK_NAME,
            policyPackVersion=self._version,
            description=report.title,
            message=report.message,
            enforcementLevel=_LEVELS[report.level],
            urn=report.urn,
            severity=_SEVERITIES[report.severity],
        )

    def _fixing(self, token: str) -> Iterator[Rule[Any]]:
        for rule in self._rules:
            if rule.fix is not None and rule.judges(token) and self._resolved().level(rule.id) is Level.REMEDIATE:
                yield rule

    def _remediation(self, rule: Rule[Any], request: proto.AnalyzeRequest) -> proto.Remediation | None:
        resource: Resource = resource_of(request)
        result = proto.Remediation(
            policyName=rule.id,
            policyPackName=PACK_NAME,
            policyPackVersion=self._version,
            description=rule.title,
        )
        assert rule.fix is not None  # noqa: S101  (narrows the type; `_fixing` holds it)
        try:
            patch = rule.fix(resource, self._resolved().parameters[rule.id])
            if not patch:
                return None
            result.properties.CopyFrom(patched(request.properties, patch))
        except (Undetermined, Malformed, ValueError) as error:
            result.ClearField("properties")
            result.diagnostic = f"{rule.id} could not be fixed ({type(error).__name__}); it is judged as it stands"
        return result


def serve(analyzer: Analyzer) -> None:
    """Serve until the engine ends the process. The port, on standard output, tells the engine where."""
    # One worker: rules are pure Python, so a second thread would only make the order of findings vary.
    server = grpc.server(
        ThreadPoolExecutor(max_workers=1),
        options=[
            ("grpc.max_receive_message_length", _MAXIMUM_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAXIMUM_MESSAGE_BYTES),
        ],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=None)


def configuration(environ: Mapping[str, str]) -> dict[str, str]:
    """The stack's configuration as the engine hands it to a pack's process."""
    parsed = json.loads(environ.get("PULUMI_CONFIG") or "{}")
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in parsed.items()}


def _policy_info(rule: Rule[Any], settings: Settings) -> proto.PolicyInfo:
    info = proto.PolicyInfo(
        name=rule.id,
        displayName=rule.title,
        description=rule.description,
        enforcementLevel=_LEVELS[settings.level(rule.id)],
        policy_type=_KINDS[rule.kind],
        severity=_SEVERITIES[rule.severity],
        tags=[rule.topic, *(f"{control.framework}: {control.id}" for control in rule.frameworks)],
        remediation_steps=rule.remedy,
        url=rule.anchor,
    )
    _write_schema(info, rule, settings)
    for control in rule.frameworks[:1]:  # the protocol has room for one; the tags name all
        info.framework.name, info.framework.reference = control.framework, control.id
    return info


def _write_schema(info: proto.PolicyInfo, rule: Rule[Any], settings: Settings) -> None:
    """The schema of the parameters. The engine sends the defaults back, so they are those of this stack."""
    values = settings.parameters[rule.id].model_dump(mode="json")
    schema: dict[str, Any] = rule.parameters.model_json_schema()
    for name, field in schema.get("properties", {}).items():
        info.configSchema.properties.update({name: {**field, "default": values[name]}})
