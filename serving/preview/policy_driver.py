"""Drives a policy pack, unmodified, over the Analyzer protocol, as the engine does in a preview.

Owns the pack's process and the order of calls: ConfigureStack, GetAnalyzerInfo, Configure, then Remediate and
Analyze for each resource, then, when all of them are answered, AnalyzeStack (read in pulumi 3.272:
pkg/resource/deploy/step_generator.go and sdk/go/common/resource/plugin/analyzer_plugin.go). Differences, each
said in the plan: properties are what the program registered, since no provider has checked or computed any;
remediations are named, not applied. A pack that does not answer in time is ended.
What a rule means is the pack's own business.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format, struct_pb2
from jsonschema import Draft7Validator
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, resource_pb2

from serving.blueprint.errors import InputError, InternalError, Problem
from serving.preview.leaving import end, on_leaving
from serving.preview.monitor import PROVIDER_TYPE_PREFIX, STACK_TYPE
from serving.preview.plan import Control, Level, Remediation, Rule, Violation
from serving.preview.project import Project, StackConfig
from serving.preview.recording import Kind, Recording, Registration
from serving.preview.runner import ORGANIZATION
from serving.preview.values import Redactor

_START_SECONDS = 60
_STOP_SECONDS = 3
_STDERR_CHARACTERS = 4_000  # of a failed pack's stderr, the end
_ANSWER_SECONDS = 300  # for all answers to one `judge` or `policies`; the largest stack measured takes a few
_CALLERS = 4  # as many as the SDK's packs serve at a time; one that serves a single call never waits for the next
_NO_ENGINE = "127.0.0.1:1"  # the protocol wants an engine's address; packs in Python never call it
# The engine raises the limit of 4 MB on messages to the same (sdk/go/common/util/rpcutil/serve.go).
_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
]

_LEVELS = {
    analyzer_pb2.ADVISORY: Level.ADVISORY,
    analyzer_pb2.MANDATORY: Level.MANDATORY,
    analyzer_pb2.REMEDIATE: Level.MANDATORY,  # what is still wrong after a remediation is mandatory
}
_LEVEL_NAMES = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "remediate": analyzer_pb2.REMEDIATE,
    "disabled": analyzer_pb2.DISABLED,
}
_SEVERITIES = {
    analyzer_pb2.POLICY_SEVERITY_LOW: "low",
    analyzer_pb2.POLICY_SEVERITY_MEDIUM: "medium",
    analyzer_pb2.POLICY_SEVERITY_HIGH: "high",
    analyzer_pb2.POLICY_SEVERITY_CRITICAL: "critical",
}
_KINDS = {analyzer_pb2.POLICY_TYPE_RESOURCE: "resource", analyzer_pb2.POLICY_TYPE_STACK: "stack"}
_CONTROL_SEPARATOR = ": "
"""Between framework and id in a tag that names a control. `policies.server` writes the same."""
# How the project's pack opens a message that is not a plain violation; another pack's messages are plain.
_STATES = {"undetermined:": "undetermined", "waived until": "waived", "policy-error:": "error"}
_REMEDY = "remedy:"


class PolicyPackError(InternalError):
    """The pack did not start, died, or answered with an error."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a pack found, by which policies, and which of them are disabled."""

    pack: str
    policies: int
    disabled: tuple[str, ...]
    violations: tuple[Violation, ...]
    remediations: tuple[Remediation, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What can be set of a policy; the value is the one that holds."""

    name: str
    value: Any
    description: str


@dataclass(frozen=True, slots=True)
class PolicyInfo(Rule):
    """What a pack says of one of its policies, for those who configure it.

    Attributes:
        kind: `resource`, `stack`, or empty where the pack does not say.
        parameters: In the pack's order.
    """

    kind: str = ""
    parameters: tuple[Parameter, ...] = ()


class PolicyPack:
    """A running pack. Starting returns at once; the first call waits until the pack listens."""

    def __init__(self, folder: Path, project: Project, config: StackConfig) -> None:
        self._version = _stated_version(folder)
        self._folder = folder
        self._project = project
        self._config = config
        # The file outlives the process, so that its end can be shown; a pipe could fill up and block it.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-u", "-m", "pulumi.policy", _NO_ENGINE, "."],
            cwd=folder,
            env=_environment(project, config),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self._port = 0
        self._reader = threading.Thread(target=self._read_stdout, daemon=True)
        self._listening = threading.Event()
        self._reader.start()
        self._channel: grpc.Channel | None = None
        self._leaving = ExitStack()
        self._leaving.enter_context(on_leaving(lambda: end(self._process)))

    def __enter__(self) -> PolicyPack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel is not None:
            self._channel.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._leaving.close()
        self._reader.join()
        self._stderr.close()

    def policies(self) -> tuple[PolicyInfo, ...]:
        """What the pack checks, at the levels of this stack."""
        stub, deadline = self._connect(), _Deadline(_ANSWER_SECONDS)
        try:
            self._configure_stack(stub, deadline)
            info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=deadline.left())
        except grpc.RpcError as error:
            raise self._no_answer(error) from error
        return tuple(_policy_info(policy) for policy in info.policies)

    def judge(
        self, recording: Recording, redact: Redactor, policy_config: Mapping[str, Any] | None = None
    ) -> Judgement:
        """Let the pack judge everything that was registered.

        Args:
            recording: The registrations, raw.
            redact: Strikes secrets out of what the pack says.
            policy_config: As in the CLI's `--policy-pack-config`: policy name to level, or to an object of
                `enforcementLevel` and parameters. `all` stands for every policy.

        Raises:
            InputError: The configuration does not fit the pack.
            PolicyPackError: The pack failed, or did not answer in time.
        """
        stub, deadline = self._connect(), _Deadline(_ANSWER_SECONDS)
        try:
            self._configure_stack(stub, deadline)
            info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=deadline.left())
            configuration = reconcile(info, policy_config or {})
            request = analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=configuration)
            stub.Configure(request, timeout=deadline.left())
            remediates = any(entry.enforcementLevel == analyzer_pb2.REMEDIATE for entry in configuration.values())
            answers = _ask(stub, Requests(recording), deadline, remediates=remediates)
        except grpc.RpcError as error:
            raise self._no_answer(error, redact) from error
        return self._judgement(info, configuration, answers, redact)

    def _judgement(
        self,
        info: analyzer_pb2.AnalyzerInfo,
        configuration: Mapping[str, analyzer_pb2.PolicyConfig],
        answers: _Answers,
        redact: Redactor,
    ) -> Judgement:
        disabled = sorted(
            policy.name
            for policy in info.policies
            if configuration[policy.name].enforcementLevel == analyzer_pb2.DISABLED
        )
        policies = {policy.name: policy for policy in info.policies}
        found = {_violation(diagnostic, urn, policies, redact) for urn, diagnostic in answers.diagnostics}
        return Judgement(
            pack=f"{info.displayName or info.name} {self._version or info.version}".strip(),
            policies=len(policies) - len(disabled),
            disabled=tuple(disabled),
            violations=tuple(sorted(found, key=lambda violation: violation.order)),
            remediations=tuple(sorted(answers.remediations, key=lambda r: (r.urn, r.rule))),
            rules=tuple(
                _rule(policies[name], configuration[name].enforcementLevel)
                for name in sorted(policies.keys() - set(disabled))
            ),
        )

    def _connect(self) -> analyzer_pb2_grpc.AnalyzerStub:
        if self._channel is None:
            self._listening.wait(_START_SECONDS)
            if not self._port:
                raise self._failure("did not start")
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port}", options=_CHANNEL_OPTIONS)
        return analyzer_pb2_grpc.AnalyzerStub(self._channel)

    def _configure_stack(self, stub: analyzer_pb2_grpc.AnalyzerStub, deadline: _Deadline) -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack=self._config.stack,
            project=self._project.name,
            organization=ORGANIZATION,
            dry_run=True,
            config=dict(self._config.values),
            config_secret_keys=sorted(self._config.secret_keys),
            tags=stack_tags(self._project, self._config),
        )
        try:
            stub.ConfigureStack(request, timeout=deadline.left())
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:  # older packs have no such call
                raise

    def _read_stdout(self) -> None:
        """Take the port from the first line, then keep the pipe empty until the process ends."""
        assert self._process.stdout is not None  # noqa: S101
        with self._process.stdout as stdout:
            first = stdout.readline().strip()
            self._port = int(first) if first.isdigit() else 0
            self._listening.set()
            while stdout.read(65_536):
                pass

    def _no_answer(self, error: grpc.RpcError, redact: Redactor | None = None) -> PolicyPackError:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._failure(
                f"did not answer within {_ANSWER_SECONDS} seconds; look for a rule that hangs", redact=redact
            )
        return self._failure("stopped answering", error, redact)

    def _failure(
        self, what: str, error: grpc.RpcError | None = None, redact: Redactor | None = None
    ) -> PolicyPackError:
        time.sleep(0.1)  # a dying process writes its last words after its socket has closed
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace")[-_STDERR_CHARACTERS:].strip()
        detail = f": {error.details()}" if error is not None else ""
        text = f"the policy pack {self._folder.name}/ {what}{detail}" + (f"\n{said}" if said else "")
        return PolicyPackError(redact(text) if redact else text)


class _Deadline:
    """One limit for many calls, so that a pack cannot take the limit of each."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that the next call may take."""
        return max(0.0, self._end - time.monotonic())


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a pack answered, each diagnostic with the URN that it is about."""

    diagnostics: tuple[tuple[str, analyzer_pb2.AnalyzeDiagnostic], ...]
    remediations: tuple[Remediation, ...]


def _ask(
    stub: analyzer_pb2_grpc.AnalyzerStub, requests: Requests, deadline: _Deadline, *, remediates: bool
) -> _Answers:
    """Ask about each resource, then about the stack: rules of the stack may build on what was judged before."""
    singles = list(requests.of_resources())
    remediations: list[Remediation] = []
    found: list[tuple[str, analyzer_pb2.AnalyzeDiagnostic]] = []
    with ThreadPoolExecutor(_CALLERS) as callers:
        if remediates:
            mended = callers.map(lambda request: stub.Remediate(request, timeout=deadline.left()), singles)
            for request, change in zip(singles, mended, strict=True):
                remediations.extend(_remediations(request, change))
        judged = callers.map(lambda request: stub.Analyze(request, timeout=deadline.left()), singles)
        for request, answer in zip(singles, judged, strict=True):
            found.extend((request.urn, diagnostic) for diagnostic in answer.diagnostics)
    whole = stub.AnalyzeStack(requests.of_stack(), timeout=deadline.left())
    found.extend((d.urn if d.urn in requests.urns else requests.stack_urn, d) for d in whole.diagnostics)
    return _Answers(tuple(found), tuple(remediations))


class Requests:
    """A recording in the words of the Analyzer protocol."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._defaults = dict(_default_providers(recording))
        self._by_urn = {registration.urn: registration for registration in recording.registrations}
        self.urns = self._by_urn.keys() | self._defaults.keys()
        self.stack_urn = next((r.urn for r in recording.registrations if r.type == STACK_TYPE), "")
        self._provider_messages: dict[str, analyzer_pb2.AnalyzerProviderResource] = {}

    def of_resources(self) -> Iterator[analyzer_pb2.AnalyzeRequest]:
        """One request a registration; what is only read is not analyzed on its own."""
        for urn, inputs in self._defaults.items():
            type_, name = _type_and_name(urn)
            yield analyzer_pb2.AnalyzeRequest(type=type_, urn=urn, name=name, properties=inputs, options=_NO_OPTIONS)
        for registration in self._recording.registrations:
            if registration.kind is not Kind.READ:
                yield analyzer_pb2.AnalyzeRequest(
                    type=registration.type,
                    urn=registration.urn,
                    name=registration.name,
                    properties=_public(registration.inputs),
                    options=_options(registration),
                    provider=self._provider(registration),
                )

    def of_stack(self) -> analyzer_pb2.AnalyzeStackRequest:
        """All resources in one request."""
        request = analyzer_pb2.AnalyzeStackRequest()
        for urn, inputs in self._defaults.items():
            type_, name = _type_and_name(urn)
            request.resources.add(type=type_, urn=urn, name=name, properties=inputs, options=_NO_OPTIONS)
        for registration in self._recording.registrations:
            request.resources.append(self._stack_resource(registration))
        return request

    def _stack_resource(self, registration: Registration) -> analyzer_pb2.AnalyzerResource:
        request = registration.request
        outputs = self._recording.outputs.get(registration.urn, registration.inputs)
        resource = analyzer_pb2.AnalyzerResource(
            type=registration.type,
            urn=registration.urn,
            name=registration.name,
            properties=_public(outputs),
            options=_options(registration),
            provider=self._provider(registration),
            parent=registration.parent,
            dependencies=sorted(request.dependencies),
        )
        if isinstance(request, resource_pb2.RegisterResourceRequest):
            for key, entry in request.propertyDependencies.items():
                if entry.urns:
                    resource.propertyDependencies[key].urns.extend(sorted(entry.urns))
        return resource

    def _provider(self, registration: Registration) -> analyzer_pb2.AnalyzerProviderResource | None:
        if registration.kind not in {Kind.CUSTOM, Kind.READ}:
            return None
        urn = registration.request.provider.rpartition("::")[0] or default_provider_urn(self._recording, registration)
        if urn not in self._provider_messages:
            inputs = self._by_urn[urn].inputs if urn in self._by_urn else self._defaults.get(urn)
            if inputs is None:
                return None
            type_, name = _type_and_name(urn)
            self._provider_messages[urn] = analyzer_pb2.AnalyzerProviderResource(
                type=type_, urn=urn, name=name, properties=inputs
            )
        return self._provider_messages[urn]


_NO_OPTIONS = analyzer_pb2.AnalyzerResourceOptions(customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts())


def default_provider_urn(recording: Recording, registration: Registration) -> str:
    """The URN of the provider that the engine would make for a resource that names none."""
    package = registration.type.partition(":")[0]
    version = registration.request.version.replace(".", "_")
    name = f"default_{version}" if version else "default"
    return f"urn:pulumi:{recording.stack}::{recording.project}::{PROVIDER_TYPE_PREFIX}{package}::{name}"


def _default_providers(recording: Recording) -> Iterator[tuple[str, struct_pb2.Struct]]:
    """The providers that the engine would make, configured by the stack."""
    seen: set[str] = set()
    for registration in recording.registrations:
        wanted = registration.kind in {Kind.CUSTOM, Kind.READ} and not registration.request.provider
        package = registration.type.partition(":")[0]
        if not wanted or package == "pulumi":  # the engine's own resources have no provider plugin
            continue
        urn = default_provider_urn(recording, registration)
        if urn in seen:
            continue
        seen.add(urn)
        inputs = struct_pb2.Struct()
        prefix = f"{package}:"
        inputs.update(
            {key.removeprefix(prefix): value for key, value in recording.config.items() if key.startswith(prefix)}
        )
        if registration.request.version:
            inputs["version"] = registration.request.version
        yield urn, inputs


def reconcile(info: analyzer_pb2.AnalyzerInfo, given: Mapping[str, Any]) -> dict[str, analyzer_pb2.PolicyConfig]:
    """Levels and parameters of every policy: the pack's defaults, its own configuration, then `given`.

    Raises:
        InputError: A name, a level or a parameter does not fit; all that do not are told.
    """
    levels = {policy.name: int(policy.enforcementLevel) for policy in info.policies}
    parameters = {policy.name: _schema_defaults(policy) for policy in info.policies}
    for name, entry in info.initialConfig.items():
        levels[name] = int(entry.enforcementLevel)
        parameters.setdefault(name, {}).update(json_format.MessageToDict(entry.properties))
    problems = list(_apply(given, levels, parameters))
    for policy in info.policies:
        problems.extend(_misfits(policy, parameters[policy.name]))
    if problems:
        raise InputError(problems)
    return {name: _policy_config(levels[name], parameters.get(name, {})) for name in levels}


def _apply(
    given: Mapping[str, Any], levels: dict[str, int], parameters: dict[str, dict[str, Any]]
) -> Iterator[Problem]:
    for name, entry in sorted(given.items(), key=lambda item: item[0] != "all"):  # `all` first
        if not isinstance(entry, (str, Mapping)):
            yield _config_problem(name, "has to be a level, or an object of `enforcementLevel` and parameters", [])
            continue
        settings = {"enforcementLevel": entry} if isinstance(entry, str) else dict(entry)
        level = settings.pop("enforcementLevel", None)
        if name != "all" and name not in levels:
            yield _config_problem(name, "the pack has no such policy", sorted(levels))
        elif level is not None and (not isinstance(level, str) or level not in _LEVEL_NAMES):
            yield _config_problem(name, f"{level!r} is no enforcement level", sorted(_LEVEL_NAMES))
        else:
            for target in levels if name == "all" else [name]:
                if level is not None:
                    levels[target] = _LEVEL_NAMES[level]
            if name != "all":
                parameters[name].update(settings)


def _schema_defaults(policy: analyzer_pb2.PolicyInfo) -> dict[str, Any]:
    properties = json_format.MessageToDict(policy.configSchema.properties)
    return {key: schema["default"] for key, schema in properties.items() if "default" in schema}


def _misfits(policy: analyzer_pb2.PolicyInfo, parameters: Mapping[str, Any]) -> Iterator[Problem]:
    if not policy.HasField("configSchema"):
        return
    schema = {
        "type": "object",
        "properties": json_format.MessageToDict(policy.configSchema.properties),
        "required": list(policy.configSchema.required),
    }
    for error in Draft7Validator(schema).iter_errors(dict(parameters)):
        key = ".".join([policy.name, *map(str, error.absolute_path)])
        yield _config_problem(key, error.message, [])


def _config_problem(key: str, message: str, allowed: Iterable[str]) -> Problem:
    return Problem("policy configuration", 0, 0, key, message, allowed=tuple(allowed))


def _policy_config(level: int, parameters: Mapping[str, Any]) -> analyzer_pb2.PolicyConfig:
    properties = struct_pb2.Struct()
    properties.update(parameters)
    return analyzer_pb2.PolicyConfig(enforcementLevel=level, properties=properties)  # type: ignore[arg-type]


def _violation(
    diagnostic: analyzer_pb2.AnalyzeDiagnostic,
    urn: str,
    policies: Mapping[str, analyzer_pb2.PolicyInfo],
    redact: Redactor,
) -> Violation:
    policy = policies.get(diagnostic.policyName, analyzer_pb2.PolicyInfo())
    message = redact(diagnostic.message).removeprefix(diagnostic.description + "\n").strip()
    lines = message.splitlines()
    remedy = policy.remediation_steps
    if lines and lines[-1].startswith(_REMEDY):
        remedy = lines.pop().removeprefix(_REMEDY).strip()
    text = "\n".join(lines).strip() or diagnostic.description
    return Violation(
        rule=diagnostic.policyName,
        level=_LEVELS[diagnostic.enforcementLevel],
        urn=urn,
        state=next((state for opening, state in _STATES.items() if text.startswith(opening)), "violation"),
        message=text,
        title=policy.displayName or diagnostic.description,
        remedy=remedy,
        severity=_SEVERITIES.get(diagnostic.severity or policy.severity, ""),
        url=policy.url,
    )


def _remediations(
    request: analyzer_pb2.AnalyzeRequest, answer: analyzer_pb2.RemediateResponse
) -> Iterator[Remediation]:
    """What each remediation would change, by property name; values may be secret."""
    before = request.properties
    for remediation in answer.remediations:
        after = remediation.properties
        if remediation.diagnostic or not remediation.HasField("properties"):
            continue
        changed = sorted(
            key
            for key in before.fields.keys() | after.fields.keys()
            if key not in before.fields or key not in after.fields or before.fields[key] != after.fields[key]
        )
        yield Remediation(remediation.policyName, request.urn, tuple(changed))
        before = after


def _options(registration: Registration) -> analyzer_pb2.AnalyzerResourceOptions:
    request = registration.request
    if isinstance(request, resource_pb2.ReadResourceRequest):
        return analyzer_pb2.AnalyzerResourceOptions(parent=request.parent)
    timeouts = request.customTimeouts
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=request.protect,
        ignoreChanges=request.ignoreChanges,
        deleteBeforeReplace=request.deleteBeforeReplace,
        deleteBeforeReplaceDefined=request.deleteBeforeReplaceDefined,
        additionalSecretOutputs=request.additionalSecretOutputs,
        aliases=[alias.urn for alias in request.aliases if alias.urn],
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(
            create=_seconds(timeouts.create),
            update=_seconds(timeouts.update),
            delete=_seconds(timeouts.delete),
        ),
        parent=request.parent,
    )


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _seconds(duration: str) -> float:
    """A duration as the program writes it (`1h30m`, `45s`) in seconds; 0 for none."""
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(duration))


def _public(properties: struct_pb2.Struct) -> struct_pb2.Struct:
    """The properties without internal keys, which the engine does not send either."""
    if not any(key.startswith("__") for key in properties.fields):
        return properties
    public = struct_pb2.Struct()
    public.CopyFrom(properties)
    for key in [key for key in public.fields if key.startswith("__")]:
        del public.fields[key]
    return public


def _type_and_name(urn: str) -> tuple[str, str]:
    _, _, qualified, name = urn.split("::", 3)
    return qualified.rpartition("$")[2], name


def _stated_version(folder: Path) -> str:
    """The pack's version by its PulumiPolicy.yaml, which counts before what the pack says of itself."""
    path = folder / "PulumiPolicy.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(str(folder), 0, 0, "", "not a policy pack: there is no PulumiPolicy.yaml in it")
        raise InputError([problem]) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError([Problem(str(path), 0, 0, "", f"not YAML: {error}")]) from error
    return str(document.get("version") or "") if isinstance(document, dict) else ""


def _policy_info(policy: analyzer_pb2.PolicyInfo) -> PolicyInfo:
    rule = _rule(policy, policy.enforcementLevel)
    return PolicyInfo(
        **{field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)},
        kind=_KINDS.get(policy.policy_type, ""),
        parameters=tuple(
            Parameter(name, schema.get("default"), str(schema.get("description", "")))
            for name, schema in sorted(json_format.MessageToDict(policy.configSchema.properties).items())
        ),
    )


def _rule(policy: analyzer_pb2.PolicyInfo, level: analyzer_pb2.EnforcementLevel.ValueType) -> Rule:
    names = {number: name for name, number in _LEVEL_NAMES.items()}
    return Rule(
        name=policy.name,
        title=policy.displayName,
        description=policy.description,
        level=names[level],
        severity=_SEVERITIES.get(policy.severity, ""),
        remedy=policy.remediation_steps,
        url=policy.url,
        controls=tuple(_controls(policy)),
    )


def _controls(policy: analyzer_pb2.PolicyInfo) -> Iterator[Control]:
    """The controls that a policy names: one in the protocol's own field, which has room for no more, all in tags.

    Tags are free text, so they count only where the policy names a framework at all.
    """
    if not policy.framework.name:
        return
    first = Control(policy.framework.name, policy.framework.reference)
    tagged = (tag.rpartition(_CONTROL_SEPARATOR) for tag in policy.tags)
    named = (Control(framework, control) for framework, _, control in tagged if framework and control)
    yield from dict.fromkeys([first, *named])


def stack_tags(project: Project, config: StackConfig) -> dict[str, str]:
    """Tags of the stack, as far as they stand in files: what a backend keeps besides is not known here."""
    tags = {"pulumi:project": project.name, "pulumi:runtime": "python"}
    try:
        configured = json.loads(config.values.get("pulumi:tags") or "{}")
    except ValueError:
        return tags
    return tags | ({str(k): str(v) for k, v in configured.items()} if isinstance(configured, dict) else {})


def _environment(project: Project, config: StackConfig) -> dict[str, str]:
    """What the engine puts into the environment of a pack (analyzer_plugin.go, constructEnv)."""
    return os.environ | {
        "PULUMI_CONFIG": json.dumps(dict(config.values)),
        "PULUMI_PROJECT": project.name,
        "PULUMI_STACK": config.stack,
        "PULUMI_ORGANIZATION": ORGANIZATION,
        "PULUMI_DRY_RUN": "true",
    }
