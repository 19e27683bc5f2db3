"""What a fault is, and the words to declare one with: where, what is done, and which rules must see it.

Owns the vocabulary. A change is a function from a clean resource to its faulty versions: `drop`, `put` and `edit` take
a path (`"vpcConfig.endpointPrivateAccess"`, or its keys one by one where a key has dots), in which `*` stands for every
element and which goes on inside of JSON texts, as policies are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.tokens import canonical_token
from policies.views import Node, Provider
from tests.policies.mutation.recorded import Entry, beside

Change = Callable[[Entry], Iterator[tuple[str, Entry | None]]]
"""Clean resource -> what was changed in it, and the resource with the fault; None where it is gone."""
_GONE = object()
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to spoil resources of some types.

    Attributes:
        name: What somebody did, in a few words.
        on: Canonical type tokens.
        change: How.
        caught_by: The rules that must find it, all of them; `rule (undetermined)` where the fault leaves the rule
            unable to judge, which stops a deployment as well.
        also: Further rules, each with the resources on which it must find it too.
        where: The resources that it is done to.
        each: How many resources of one component it is done to, at most.
        survives: Why no rule finds it.
    """

    name: str
    on: str | tuple[str, ...]
    change: Change
    caught_by: tuple[str, ...] = ()
    also: Mapping[str, Callable[[Entry], bool]] = field(default_factory=dict)
    where: Callable[[Entry], bool] = lambda entry: True
    each: int = 2
    survives: str = ""

    def __post_init__(self) -> None:
        if bool(self.survives) == bool(self.caught_by or self.also):
            raise ValueError(f"{self.name}: a fault names the rules that find it, or says why none does")

    def applies(self, entry: Entry) -> bool:
        """Whether it can be done to that resource."""
        tokens = (self.on,) if isinstance(self.on, str) else self.on
        return canonical_token(entry.type) in tokens and self.where(entry)

    @property
    def expected_anywhere(self) -> tuple[str, ...]:
        """All rules that it names."""
        return (*self.caught_by, *self.also)

    def expected(self, entry: Entry) -> frozenset[str]:
        """The rules that must find it there."""
        return frozenset((*self.caught_by, *(rule for rule, holds in self.also.items() if holds(entry))))


@dataclass(frozen=True, slots=True)
class Mutant:
    """The clean stack with one fault."""

    fault: Fault
    clean: Entry
    place: str
    changed: Entry | None

    @property
    def changes(self) -> dict[str, Entry | None]:
        """URN -> what it is now; a resource that was added stands beside the clean one."""
        return {self.changed.urn if self.changed is not None else self.clean.urn: self.changed}

    @property
    def where(self) -> str:
        """What was changed in which resource."""
        return f"{self.place} of {self.clean.name}" if self.place else self.clean.name

    @property
    def name(self) -> str:
        """What was done to which resource."""
        return f"{self.fault.name}, {self.where}"


def named(*parts: str) -> Callable[[Entry], bool]:
    """Resources whose name has one of the parts in it."""
    return lambda entry: any(part in entry.name for part in parts)


def made_by(*components: str) -> Callable[[Entry], bool]:
    """Resources that were made by one of the components."""
    return lambda entry: any(f":{component}$" in entry.maker for component in components)


def without(holds: Callable[[Entry], bool]) -> Callable[[Entry], bool]:
    """The other resources."""
    return lambda entry: not holds(entry)


def labelled(key: str, *values: str) -> Callable[[Entry], bool]:
    """Objects whose label of that key has one of the values."""
    return lambda entry: entry.properties.get("metadata", {}).get("labels", {}).get(key) in values


def mutants_of(fault: Fault, entries: Mapping[str, Entry]) -> Iterator[Mutant]:
    """The fault, on the first and last resources of each component and at each place in them."""
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for entry in entries.values():
        if fault.applies(entry):
            for place, changed in fault.change(entry):
                groups.setdefault((entry.maker, place), []).append(Mutant(fault, entry, place, changed))
    for group in groups.values():
        last = fault.each // 2
        yield from group if len(group) <= fault.each else [*group[: fault.each - last], *group[len(group) - last :]]


def remove(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
    """The resource is gone."""
    yield "", None


def unprotect(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
    """The engine may delete it."""
    if entry.protect:
        yield "protect", replace(entry, protect=False)


def retype(token: str) -> Change:
    """The same resource under another name of its type."""

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        yield "type", replace(entry, type=token)

    return change


def rely(key: str, count: int) -> Change:
    """An input comes from fewer resources."""

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        urns = entry.property_dependencies.get(key, ())
        if len(urns) > count:
            yield key, replace(entry, property_dependencies={**entry.property_dependencies, key: urns[:count]})

    return change


def ambient(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
    """Neither the resource nor its provider says in which region it is."""
    provider = Provider(entry.provider.token, entry.provider.urn, Node({})) if entry.provider else None
    properties = {key: value for key, value in entry.properties.items() if key != "region"}
    yield "region", replace(entry, properties=properties, provider=provider)


def ignoring(*paths: str) -> Change:
    """The engine passes over changes of some properties."""

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        yield "ignoreChanges", replace(entry, ignore_changes=(*entry.ignore_changes, *paths))

    return change


def add(token: str, properties: Mapping[str, Any]) -> Change:
    """Somebody adds a resource beside it, with the same provider."""

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        yield "", beside(entry, token, f"{entry.name}-added", dict(properties))

    return change


def drop(*path: str) -> Change:
    """Take something away."""
    return edit(*path, to=lambda value: _GONE)


def put(*path_and_value: Any) -> Change:
    """Write something: the path, then the value. What is not there is made."""
    *path, value = path_and_value
    return edit(*path, to=lambda old: value, make=True)


def edit(*path: str, to: Callable[[Any], Any], make: bool = False) -> Change:
    """Replace what stands at a path by something made of it."""
    keys = tuple(path[0].split(".")) if len(path) == 1 else path

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        for place, properties in _edited(entry.properties, keys, to, make):
            yield ".".join(place), replace(entry, properties=properties)

    return change


def both(*changes: Change) -> Change:
    """Several changes that are one fault: each is done to what the one before left."""

    def change(entry: Entry) -> Iterator[tuple[str, Entry | None]]:
        done, places = entry, []
        for one in changes:
            for place, changed in one(done):
                if changed is not None:
                    done = changed
                    places.append(place)
                break
        if places:
            yield " and ".join(places), done

    return change


def _edited(
    value: Any, keys: tuple[str, ...], to: Callable[[Any], Any], make: bool
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The value with one place in it changed, place by place; nothing where there is no such place."""
    if not keys:
        changed = to(value)
        if changed is _GONE or changed != value:
            yield (), changed
        return
    if isinstance(value, str):
        for place, inner in _edited(_document(value), keys, to, make):
            yield place, json.dumps(inner)
        return
    key, *rest = keys
    for step in _steps(value, key, make):
        old = value.get(step) if isinstance(value, dict) else value[step]
        if old is None and rest and make:
            old = {}
        for place, new in _edited(old, tuple(rest), to, make):
            yield (str(step), *place), _with(value, step, new)


def _steps(value: Any, key: str, make: bool) -> list[Any]:
    if isinstance(value, dict):
        return list(value) if key == EVERY else [key] if key in value or make else []
    if isinstance(value, list):
        return (
            list(range(len(value))) if key == EVERY else [int(key)] if key.isdigit() and int(key) < len(value) else []
        )
    return []


def _with(value: Any, step: Any, new: Any) -> Any:
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != step} if new is _GONE else {**value, step: new}
    return [*value[:step], *([] if new is _GONE else [new]), *value[step + 1 :]]


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
