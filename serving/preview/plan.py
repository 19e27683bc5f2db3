"""The plan: what a preview found, as frozen records and as a stable JSON file.

Owns the shape of `plan.json` and its reader. A plan is safe to publish: secrets are masked before one is
made. The same input gives the same bytes. It renders nothing for people (`serving.report` does), and it
imports no Pulumi, so that a saved plan can be read and shown anywhere.

`schema` counts the incompatible changes of the file; the reader refuses what it does not know.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from serving.blueprint.errors import InputError, Problem
from serving.planning.recovery import Assessment, Scenario, Step, Verdict
from serving.preview.recording import Kind, Severity
from serving.preview.values import PlanValue

SCHEMA = 1
TOOL = "serving preview"


class Level:
    """Names of enforcement levels in the protocol's words; MANDATORY stops a deployment."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


@dataclass(frozen=True, slots=True)
class PlanResource:
    """One resource as it would be.

    Attributes:
        urn: Its identity in the stack.
        type: Type token.
        name: Logical name.
        kind: What stands behind it.
        parent: URN of the parent; empty for the stack itself.
        region: Where it would be; None where a region has no meaning or none is known.
        provider: URN of the provider it names; empty for the default provider and for components.
        inputs: Inputs by wire name, masked.
        dependencies: URNs, sorted.
        property_dependencies: Input name to URNs, sorted.
        options: Resource options that are set, by the engine's names (`protect`, `aliases`...).
    """

    urn: str
    type: str
    name: str
    kind: Kind
    parent: str
    region: str | None
    provider: str
    inputs: Mapping[str, PlanValue]
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    options: Mapping[str, PlanValue]

    @property
    def protected(self) -> bool:
        """Whether the engine would refuse to delete it."""
        return bool(self.options.get("protect"))


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding of one policy.

    Attributes:
        rule: The policy's identifier.
        level: `advisory` or `mandatory`.
        urn: The resource at fault; the stack for what concerns the whole.
        state: `violation`, `undetermined`, `waived` or `error`, as the pack says.
        message: What is wrong.
        title: The policy's title.
        remedy: What to do.
        severity: `low` to `critical`, or empty.
        url: Where to read more, or empty.
    """

    rule: str
    level: str
    urn: str
    state: str
    message: str
    title: str
    remedy: str
    severity: str
    url: str

    @property
    def stops(self) -> bool:
        """Whether it makes the preview fail."""
        return self.level == Level.MANDATORY

    @property
    def order(self) -> tuple[bool, str, str, str]:
        """Where it stands among others: what stops first, then by rule and resource."""
        return (not self.stops, self.rule, self.urn, self.message)


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework that a policy says it implements."""

    framework: str
    id: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a pack says of one of its policies.

    Attributes:
        name: The policy's identifier, as in `Violation.rule`.
        title: What must hold.
        description: What exactly is looked at.
        level: Enforcement level for this stack.
        severity: `low` to `critical`, or empty.
        remedy: What to do about a violation.
        url: Where to read more, or empty.
        controls: What it implements of which framework.
    """

    name: str
    title: str
    description: str
    level: str
    severity: str
    remedy: str
    url: str
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource with findings is written.

    Attributes:
        urn: The resource.
        file: Path below the project's folder, with `/`.
        line: Counted from 1.
    """

    urn: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Remediation:
    """What a policy would change in a resource by itself: only named here, never applied."""

    rule: str
    urn: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanMessage:
    """What the program said."""

    severity: Severity
    text: str
    urn: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Resources that share one URN.

    Attributes:
        urn: The URN that is taken twice.
        places: Parent and source position of each registration.
    """

    urn: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that only the real engine, a provider or the cloud can know."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one preview of one stack found.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        resources: Sorted by URN.
        outputs: The stack's exports, masked.
        violations: Sorted: mandatory first, then by rule and resource. empty if no pack ran, too.
        remediations: Sorted by resource and rule.
        messages: What the program said.
        duplicates: Each of them makes the plan invalid.
        unchecked: What this preview cannot know.
        policy_pack: Name and version of the pack that judged, or None.
        policies: How many policies judged.
        disabled_policies: Names of the pack's policies that are switched off for this stack, sorted.
        rules: The policies that judged, sorted by name.
        places: Where what the violations are about is written, sorted by URN.
        sdk_versions: Versions of the provider SDKs that the program uses, by package.
        recovery: What the services promise of recovery, judged by what the plan deploys; empty if the program
            exports no promise.
    """

    project: str
    stack: str
    resources: tuple[PlanResource, ...]
    outputs: Mapping[str, PlanValue]
    violations: tuple[Violation, ...] = ()
    remediations: tuple[Remediation, ...] = ()
    messages: tuple[PlanMessage, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    policy_pack: str | None = None
    policies: int = 0
    disabled_policies: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    places: tuple[Place, ...] = ()
    sdk_versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    recovery: tuple[Assessment, ...] = ()

    @property
    def mandatory(self) -> tuple[Violation, ...]:
        """The violations that stop a deployment."""
        return tuple(violation for violation in self.violations if violation.stops)

    @property
    def broken_promises(self) -> tuple[Assessment, ...]:
        """The promises of recovery that the plan does not keep; they stop a deployment, too."""
        return tuple(made for made in self.recovery if made.verdict is Verdict.BROKEN)

    @property
    def refused(self) -> bool:
        """Whether anything makes the preview fail."""
        return bool(self.mandatory or self.duplicates or self.broken_promises)

    @property
    def counts(self) -> dict[str, int]:
        """How many resources of each type, by type token; components and the stack are left out."""
        real = (resource.type for resource in self.resources if resource.kind is not Kind.COMPONENT)
        return dict(sorted(Counter(real).items()))


def to_json(plan: Plan) -> str:
    """The plan as text: sorted keys, one line for each entry of a list, so that files compare well by line."""
    document = to_document(plan)
    parts = [f"{_text(key)}: {_entry(document[key])}" for key in sorted(document)]
    return "{\n" + ",\n".join(parts) + "\n}\n"


_text = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False).encode


def _entry(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return _text(value)


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "schema": SCHEMA,
        "tool": TOOL,
        "counts": plan.counts,
        **{field.name: _plain(getattr(plan, field.name)) for field in dataclasses.fields(plan)},
    }


def write_plan(plan: Plan, path: Path) -> None:
    """Save a plan.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        path.write_text(to_json(plan), encoding="utf-8")
    except OSError as error:
        _refuse(path, f"cannot be written: {error.strerror}")


def read_plan(path: Path) -> Plan:
    """Read a plan that `write_plan` saved.

    Raises:
        InputError: The file is missing, is no plan, or has another schema.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        _refuse(path, f"not JSON: {error}")
    return from_document(document, path)


def from_document(document: object, path: Path) -> Plan:
    """A plan out of JSON values; `path` is named in errors.

    Raises:
        InputError: The document is no plan, or has another schema.
    """
    if not isinstance(document, dict) or document.get("tool") != TOOL:
        _refuse(path, "not a plan of `serving preview`")
    if document.get("schema") != SCHEMA:
        _refuse(
            path,
            f"a plan of schema {document.get('schema')!r}; this version reads {SCHEMA}",
            remedy="make the plan again with this version",
        )
    try:
        return _plan(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        _refuse(path, f"a damaged plan: {type(error).__name__} {error}")


def _plan(document: dict[str, Any]) -> Plan:
    return Plan(
        project=document["project"],
        stack=document["stack"],
        resources=tuple(_resource(entry) for entry in document["resources"]),
        outputs=dict(document["outputs"]),
        violations=tuple(Violation(**entry) for entry in document["violations"]),
        remediations=tuple(
            Remediation(**entry | {"properties": tuple(entry["properties"])}) for entry in document["remediations"]
        ),
        messages=tuple(
            PlanMessage(Severity(entry["severity"]), entry["text"], entry["urn"]) for entry in document["messages"]
        ),
        duplicates=tuple(Duplicate(entry["urn"], tuple(entry["places"])) for entry in document["duplicates"]),
        unchecked=tuple(Unchecked(**entry) for entry in document["unchecked"]),
        policy_pack=document["policy_pack"],
        policies=int(document.get("policies", 0)),  # files of before have neither
        disabled_policies=tuple(document.get("disabled_policies", ())),
        rules=tuple(_rule(entry) for entry in document.get("rules", ())),  # nor these
        places=tuple(Place(**entry) for entry in document.get("places", ())),
        sdk_versions=dict(document["sdk_versions"]),
        recovery=tuple(_assessment(entry) for entry in document.get("recovery", ())),  # nor this
    )


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(**entry | {"controls": tuple(Control(**control) for control in entry["controls"])})


def _assessment(entry: dict[str, Any]) -> Assessment:
    return Assessment(
        **entry
        | {
            "scenario": Scenario(entry["scenario"]),
            "verdict": Verdict(entry["verdict"]),
            "rto_steps": tuple(Step(**step) for step in entry["rto_steps"]),
            "rpo_steps": tuple(Step(**step) for step in entry["rpo_steps"]),
        }
    )


def _resource(entry: dict[str, Any]) -> PlanResource:
    return PlanResource(
        **entry
        | {
            "kind": Kind(entry["kind"]),
            "dependencies": tuple(entry["dependencies"]),
            "property_dependencies": {key: tuple(urns) for key, urns in entry["property_dependencies"].items()},
        }
    )


def _plain(value: object) -> Any:  # noqa: ANN401
    """Records and tuples as dicts and lists; plan values pass as they are, without a copy."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _refuse(path: Path, message: str, remedy: str = "") -> NoReturn:
    raise InputError([Problem(str(path), 0, 0, "", message, remedy=remedy)])
