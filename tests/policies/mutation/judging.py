"""Judges a stack with a fault by judging again what the fault can have changed, and nothing else.

Owns the tracing of what each rule reads, and the choice of what to judge again. A rule is a pure function of what it
reads, so a rule that read neither the resource that changed, nor an index or list that the resource is in, finds what
it found before. All verdicts are those of `policies.judge.Judge`; `judge_whole` judges everything, for comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from policies.findings import Report
from policies.judge import Judge
from policies.levels import Settings, resolve
from policies.pack import RULES
from policies.rule import ANY_TYPE, Doubt, Kind, Level, Outcome, Outcomes, Rule, guard
from policies.stack import Companions, Stack
from policies.tokens import canonical_token
from policies.views import Node, Resource
from tests.policies.harness import TODAY
from tests.policies.mutation.recorded import Entry, Recorded

T = TypeVar("T")
Changes = Mapping[str, Entry | None]
"""URN -> the resource with its fault; None where it is gone; a new URN where it was added."""

ALL = "*"
_OPTIONS = ("protect", "provider", "dependencies", "property_dependencies", "ignore_changes")
_IDENTITY = frozenset({"@urn", "@type", "@token", "@name"})
_NOTED = frozenset({"properties", *_OPTIONS, *(key[1:] for key in _IDENTITY)})


class Finding(NamedTuple):
    """What a rule said of a resource."""

    rule: str
    state: str
    urn: str
    text: str


@dataclass(slots=True)
class Reads:
    """What a rule looked at.

    Attributes:
        content: URN and property (or option) that were read; `ALL` stands for all of them.
        identity: URNs of which only type and name were.
        asked: URNs that were looked for.
        tokens: Types whose resources were listed.
        everything: Whether all resources were listed.
    """

    content: set[tuple[str, str]] = field(default_factory=set)
    identity: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    everything: bool = False

    def add(self, other: Reads) -> None:
        self.content |= other.content
        self.identity |= other.identity
        self.asked |= other.asked
        self.tokens |= other.tokens
        self.everything |= other.everything

    def touch(self, urn: str, clean: Entry | None, changed: Entry | None) -> bool:
        """Whether the change of that resource can have changed anything that was looked at."""
        if clean is not None and changed is not None and clean.type == changed.type:
            return any((urn, key) in self.content for key in (ALL, *_differing(clean, changed)))
        token = canonical_token((clean or changed).type)  # type: ignore[union-attr]
        return self.everything or token in self.tokens or urn in self.identity | self.asked


def _differing(clean: Entry, changed: Entry) -> Iterator[str]:
    """Properties and options that are not the same in both."""
    old, new = clean.properties, changed.properties
    yield from (key for key in old.keys() | new.keys() if key not in old or key not in new or old[key] != new[key])
    yield from (f"@{option}" for option in _OPTIONS if getattr(clean, option) != getattr(changed, option))


_frames: list[Reads] = []


@contextmanager
def _reading() -> Iterator[Reads]:
    frame = Reads()
    _frames.append(frame)
    try:
        yield frame
    finally:
        _frames.pop()
        if _frames:
            _frames[-1].add(frame)


class _TracedResource(Resource):
    """Notes who reads it, and what."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if _frames and name in _NOTED:
            _note(self, ALL if name == "properties" else f"@{name}")
        return object.__getattribute__(self, name)

    def __getitem__(self, key: str) -> Node:
        return self.at(key)

    def index(self, key: Hashable, build: Callable[[], T]) -> T:
        return build()  # each time, so that everybody who asks is seen to read

    def at(self, *keys: str | int) -> Node:
        _note(self, str(keys[0]))
        properties: Node = Resource.properties.fget(self)  # type: ignore[attr-defined]  # not noted as all
        return properties.at(*keys)


def _note(resource: Resource, key: str) -> None:
    if _frames:
        urn = object.__getattribute__(resource, "urn")
        _frames[-1].identity.add(urn)
        if key not in _IDENTITY:
            _frames[-1].content.add((urn, key))


class _TracedStack(Stack):
    """Notes what is looked for. Who asks an index has read what the index was built from, whoever was first."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._noted: dict[Hashable, Reads] = {}

    def __getattribute__(self, name: str) -> Any:
        if name == "resources" and _frames:
            _frames[-1].everything = True
        return super().__getattribute__(name)

    def get(self, urn: str) -> Resource | None:
        if _frames:
            _frames[-1].asked.add(urn)
        return super().get(urn)

    def of(self, *tokens: str) -> tuple[Resource, ...]:
        if _frames:
            _frames[-1].tokens.update(tokens)
        return super().of(*tokens)

    def index(self, key: Hashable, build: Callable[[], T]) -> T:
        return self._noting(("index", key), lambda: super(_TracedStack, self).index(key, build))

    def companions(self, owner: Resource, token: str, key: str) -> Companions:
        index = ("companions", owner.token, token, key)
        return self._noting(index, lambda: super(_TracedStack, self).companions(owner, token, key))

    def _noting(self, key: Hashable, ask: Callable[[], T]) -> T:
        with _reading() as frame:
            found = ask()
            self._noted.setdefault(key, frame)
            frame.add(self._noted[key])
        return found


class Judging:
    """The clean stack, judged, and what can be asked about it with a fault."""

    def __init__(self, recorded: Recorded, rules: tuple[Rule[Any], ...] = RULES) -> None:
        self.entries = recorded.entries
        self._config = recorded.config
        self._rules = rules
        self._settings = resolve(rules, recorded.config)
        enabled = [rule for rule in rules if self._settings.level(rule.id) is not Level.DISABLED]
        self._resource_rules = [rule for rule in enabled if rule.kind is Kind.RESOURCE]
        self._stack_rules = [rule for rule in enabled if rule.kind is Kind.STACK and not rule.essential]
        self._alone = {urn: entry.view(alone=True) for urn, entry in self.entries.items()}
        self._placed = {urn: entry.view() for urn, entry in self.entries.items()}
        self._whole: dict[str, Reads] = {}
        self._waiting: dict[str, Reads] = {}
        self._trace()
        self.clean = self.judge_whole({})

    @property
    def settings(self) -> Settings:
        return self._settings

    def judge(self, changes: Changes) -> frozenset[Finding]:
        """What is found with the fault and was not without it, judging only what the fault can have changed."""
        rules = [*self._resource_rules, *(rule for rule in self._stack_rules if self._touched(rule, changes))]
        alone = [entry.view(alone=True) for entry in changes.values() if entry is not None]
        alone += [self._alone[urn] for urn, reads in self._waiting.items() if self._wakes(urn, reads, changes)]
        return self._judge(rules, self._settings, alone, changes) - self.clean

    def judge_whole(self, changes: Changes, policies: Mapping[str, Any] | None = None) -> frozenset[Finding]:
        """All that is found, by all rules on all resources; with another `policies` section, where one is given."""
        settings = self._settings if policies is None else resolve(self._rules, _written(self._config, policies))
        alone = [view for urn, view in self._alone.items() if urn not in changes]
        alone += [entry.view(alone=True) for entry in changes.values() if entry is not None]
        return self._judge(self._rules, settings, alone, changes)

    def _judge(
        self, rules: Iterable[Rule[Any]], settings: Settings, alone: Iterable[Resource], changes: Changes
    ) -> frozenset[Finding]:
        judge = Judge(rules, settings, TODAY)
        reports: list[Report] = [report for resource in alone for report in judge.judge_resource(resource)]
        placed = self._placed | {urn: entry.view() for urn, entry in changes.items() if entry is not None}
        reports += judge.judge_stack([view for urn, view in placed.items() if changes.get(urn, view) is not None])
        return frozenset(Finding(report.rule, report.state, report.urn, report.text) for report in reports)

    def _touched(self, rule: Rule[Any], changes: Changes) -> bool:
        for urn, changed in changes.items():
            clean = self.entries.get(urn)
            if clean is None and changed is not None and _takes(rule, changed):
                return True
            if self._whole[rule.id].touch(urn, clean, changed):
                return True
        return False

    def _wakes(self, urn: str, reads: Reads, changes: Changes) -> bool:
        """Whether a verdict of a resource rule on another resource, which waits for the stack, can be another."""
        if urn in changes:
            return False
        return any(reads.touch(one, self.entries.get(one), changed) for one, changed in changes.items())

    def _trace(self) -> None:
        resources = tuple(entry.view(_TracedResource) for entry in self.entries.values())
        alone = {urn: entry.view(alone=True) for urn, entry in self.entries.items()}
        stack = _TracedStack(resources, tags=self._settings.tags, kind=self._settings.kind, today=TODAY)
        for rule in self._stack_rules:
            with _reading() as reads:
                for _ in self._outcomes(rule, stack):
                    pass
            self._whole[rule.id] = reads
        for resource in resources:
            waiting = [rule for rule in self._resource_rules if rule.judges(resource.token)]
            for rule in waiting:
                if self._doubts(rule, alone[resource.urn]):
                    with _reading() as reads:
                        self._doubts(rule, resource)
                    self._waiting.setdefault(resource.urn, Reads()).add(reads)

    def _outcomes(self, rule: Rule[Any], stack: Stack) -> Iterator[Outcome]:
        parameters = self._settings.parameters[rule.id]
        whole, each = rule.check_stack, rule.check
        if whole is not None:
            yield from guard(lambda: whole(stack, parameters))
            return
        assert each is not None
        for resource in stack.resources if ANY_TYPE in rule.tokens else stack.of(*rule.tokens):
            yield from _one(each, resource, parameters)

    def _doubts(self, rule: Rule[Any], resource: Resource) -> bool:
        assert rule.check is not None
        outcomes = list(_one(rule.check, resource, self._settings.parameters[rule.id]))
        return any(isinstance(outcome, Doubt) for outcome in outcomes)


def _one(check: Callable[[Resource, Any], Outcomes], resource: Resource, parameters: Any) -> Iterator[Outcome]:
    return guard(lambda: check(resource, parameters))


def _takes(rule: Rule[Any], entry: Entry) -> bool:
    return rule.check is not None and bool({ANY_TYPE, canonical_token(entry.type)} & set(rule.tokens))


def _written(config: Mapping[str, str], policies: Mapping[str, Any]) -> dict[str, str]:
    """The configuration with another `policies` section."""
    import json

    (key,) = (key for key in config if key.endswith(":environment"))
    return {**config, key: json.dumps(json.loads(config[key]) | {"policies": policies})}
