"""What a rule is: metadata, parameters, and a pure function.

Owns the vocabulary that every rule is written in. It knows nothing of gRPC, of configuration, or of how a
verdict becomes a diagnostic (`policies.judge`).

A rule's function is a generator. It yields `Violation`s, and reads properties through `policies.views`,
whose unknown values raise `Undetermined`: the frame turns that into a finding, so a rule cannot overlook it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from policies.frameworks import Control
from policies.stack import Stack
from policies.views import Malformed, Node, Resource, Undetermined
from serving.blueprint.errors import KeyPath, format_path
from serving.blueprint.vocabulary import EnvironmentKind

ANY_TYPE = "*"
"""The token of a rule that looks at every resource."""


class Kind(StrEnum):
    """What a rule has to see before it can judge."""

    RESOURCE = "resource"
    """One resource's inputs; judged before the resource is created."""
    STACK = "stack"
    """Several resources together; judged after all were registered."""


class Severity(StrEnum):
    """How bad a violation is. A level decides what happens, a severity what to mend first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Level(StrEnum):
    """What a violation does to a deployment."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"
    """The rule's fix is applied; what it cannot fix is mandatory."""
    DISABLED = "disabled"


class Topic(StrEnum):
    """The chapter of the catalogue that a rule stands in."""

    ENCRYPTION_AT_REST = "Encryption at rest"
    ENCRYPTION_IN_TRANSIT = "Encryption in transit"
    IDENTITY = "Identity and least privilege"
    NETWORK = "Network exposure"
    SUPPLY_CHAIN = "Artifact integrity and supply chain"
    LINEAGE = "Lineage, tags and AI documentation"
    RETENTION = "Data retention and privacy"
    RESILIENCE = "Resilience, multi-AZ, multi-region, backup"
    SCALING = "Scaling and cost guardrails"
    OBSERVABILITY = "Observability and SLO"
    POD_SECURITY = "Kubernetes pod security"
    CHANGE = "Change management"


class Parameters(BaseModel):
    """Base of a rule's parameters: every field has a default and a description; unknown keys are refused.

    Fields are flat (numbers, texts, booleans, lists of them): the engine's own configuration schema knows no
    references between schemas.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule at one resource.

    Attributes:
        message: What is wrong, naming the property. Values are quoted by `Node.shown`, which masks secrets.
        urn: The resource; by default the one being judged.
        remedy: What to do, where the rule's general remedy is not precise enough.
    """

    message: str
    urn: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What could not be judged, because the value at `path` is not known before deployment."""

    path: KeyPath
    urn: str = ""


Outcome = Violation | Doubt
Outcomes = Iterable[Outcome]
P = TypeVar("P", bound=Parameters)
T = TypeVar("T")
Patch = Mapping[tuple[str, ...], Any]
"""What a fix writes: property path (keys only) -> value."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[P]):
    """One rule.

    Attributes:
        id: Stable name, as in waivers and configuration; the file is named after it.
        title: What must hold, in one sentence.
        description: What exactly is looked at, and what is not.
        effect: What a violation leads to, in one sentence.
        remedy: What to do about a violation, in one sentence.
        topic: Chapter of the catalogue.
        kind: What the rule has to see.
        severity: How bad a violation is.
        tokens: Canonical type tokens of the resources it judges, or `(ANY_TYPE,)`.
        check: Judges one resource. A stack rule finds companions by `resource.stack`.
        check_stack: Judges the stack as a whole. A rule has this or `check`.
        fix: Returns the properties to write so that the rule holds, where that is safe; resource rules only.
        frameworks: Controls that it implements, each checked against its source.
        parameters: Schema of the parameters, with defaults.
        level: Default level.
        level_in: Default level of certain kinds of environment.
        essential: Judges the pack's own configuration: the stack can neither waive nor lower it.
        runs_last: Judges what the other rules found.
    """

    id: str
    title: str
    description: str
    effect: str
    remedy: str
    topic: Topic
    kind: Kind
    severity: Severity
    tokens: tuple[str, ...]
    parameters: type[P]
    check: Callable[[Resource, P], Outcomes] | None = None
    check_stack: Callable[[Stack, P], Outcomes] | None = None
    fix: Callable[[Resource, P], Patch] | None = None
    frameworks: tuple[Control, ...] = ()
    level: Level = Level.MANDATORY
    level_in: Mapping[EnvironmentKind, Level] = field(default_factory=dict)
    essential: bool = False
    runs_last: bool = False

    def __post_init__(self) -> None:
        if (self.check is None) == (self.check_stack is None):
            raise ValueError(f"{self.id}: a rule has either check or check_stack")
        if self.kind is Kind.RESOURCE and self.check is None:
            raise ValueError(f"{self.id}: a resource rule has check")
        if self.kind is Kind.STACK and self.fix is not None:
            raise ValueError(f"{self.id}: only a resource rule can fix")
        if not self.tokens:
            raise ValueError(f"{self.id}: a rule names the resource types that it reads")

    @property
    def anchor(self) -> str:
        """Place of the rule in the documentation, relative to the repository."""
        return f"docs/policies.md#{self.id}"

    def default_level(self, kind: EnvironmentKind) -> Level:
        """The level in that kind of environment, unless configuration says otherwise."""
        return self.level_in.get(kind, self.level)

    def judges(self, token: str) -> bool:
        """Whether a resource of that canonical type is judged one by one."""
        return self.check is not None and (token in self.tokens or ANY_TYPE in self.tokens)


def unreadable(error: Undetermined | Malformed) -> Outcome:
    """The outcome that an unknown or malformed value is."""
    if isinstance(error, Undetermined):
        return Doubt(error.path, error.urn)
    place = format_path(error.path)
    return Violation(f"{place} is not {error.expected}", error.urn, remedy=f"write {error.expected} at {place}")


def guard(outcomes: Callable[[], Outcomes]) -> Iterator[Outcome]:
    """Yield outcomes up to the first unknown or malformed value, and that one as an outcome of its own."""
    try:
        yield from outcomes()
    except (Undetermined, Malformed) as error:
        yield unreadable(error)


def judge_on(switch: Node) -> Iterator[Outcome]:
    """A switch is on; what is not stated is off."""
    if not switch.truth():
        yield Violation(f"{switch.place} is not true")


def judge_off(switch: Node) -> Iterator[Outcome]:
    """A switch is off, or not stated."""
    if switch.truth():
        yield Violation(f"{switch.place} is true")


def judge_filled(text: Node) -> Iterator[Outcome]:
    """A text says something."""
    if not (text.text() or "").strip():
        yield Violation(f"{text.place} is empty")


def fix_on(switch: Node) -> Patch:
    """Switch on what is off, or not stated."""
    return {} if switch.truth() else write(switch, True)


def fix_off(switch: Node) -> Patch:
    """Switch off what is on."""
    return write(switch, False) if switch.truth() else {}


def write(node: Node, value: Any) -> Patch:  # noqa: ANN401  (JSON)
    """Write a property, but nothing over a secret. The caller has read it, so it is not unknown."""
    return {} if node.secret else {tuple(map(str, node.path)): value}


def judge_each(items: Iterable[T], judge: Callable[[T], Outcomes]) -> Iterator[Outcome]:
    """Judge items one by one, so that an unknown in one of them silences none of the others."""
    for item in items:
        try:
            yield from judge(item)
        except (Undetermined, Malformed) as error:
            yield unreadable(error)
