"""What changed between two plans of one stack.

Owns the matching of resources (by URN, by alias, by likeness), the differences of their properties, and the
judgement whether a change replaces a resource, with everything that a replacement pulls along. Which
properties force a replacement is in `force_new`. It compares programs, not the cloud: neither side is what runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from serving.blueprint.errors import InputError, Problem, format_path
from serving.preview.aliases import former_urns
from serving.preview.force_new import ForceNew, applies, force_new, parse_path, unknown_at
from serving.preview.plan import Plan, PlanResource
from serving.preview.properties import ABSENT, PropertyChange, differences, leaves
from serving.preview.recording import Kind
from serving.preview.trend import Trend, trend
from serving.preview.values import PlanValue, is_secret, is_unknown


class Change(StrEnum):
    """What becomes of a resource, what hurts most first. REPLACED: a new one is made, the old one deleted."""

    REPLACED = "replaced"
    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class ResourceDiff:
    """One resource that differs.

    Attributes:
        change: What becomes of it.
        urn: Its URN in the new plan; in the old one if it is removed.
        former_urn: Its URN in the old plan where that is another.
        type: Type token.
        name: Logical name.
        region: Where it stands.
        properties: What differs in it.
        reasons: Why it is replaced.
        protected: Whether `protect` stands in the way of a removal or a replacement.
        retained: Whether the real thing would be left behind.
    """

    change: Change
    urn: str
    type: str
    name: str
    region: str | None
    former_urn: str = ""
    properties: tuple[PropertyChange, ...] = ()
    reasons: tuple[str, ...] = ()
    protected: bool = False
    retained: bool = False

    @property
    def blocked(self) -> bool:
        """Whether the engine would refuse: a protected resource would have to go."""
        return self.protected and self.change in {Change.REMOVED, Change.REPLACED}


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What changed.

    Attributes:
        base: What the plan was compared with, in the words of the person who asked.
        resources: Sorted: replaced, removed, changed, added; causes before what they pull along; by URN.
        outputs: What changed in the stack's exports.
        sdk_versions: What changed in the versions of the provider SDKs.
        secrets: How many secrets stand on both sides; whether they differ is not known.
        trend: What became of the findings; None unless both sides were judged.
    """

    base: str
    resources: tuple[ResourceDiff, ...]
    outputs: tuple[PropertyChange, ...] = ()
    sdk_versions: tuple[PropertyChange, ...] = ()
    secrets: int = 0
    trend: Trend | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed in what would be deployed."""
        return not (self.resources or self.outputs or self.sdk_versions)

    def of(self, change: Change) -> tuple[ResourceDiff, ...]:
        """The resources with this change."""
        return tuple(resource for resource in self.resources if resource.change is change)


NO_ALIAS = "its URN changes without an alias"
"""Head of the reason why the engine makes a resource anew that only looks like the former one."""

_ORDER = {change: rank for rank, change in enumerate(Change)}
# Below half of the properties in common, two resources of one type are two resources, not a renamed one.
_LIKE_ENOUGH = 0.5
_MOST_PAIRS = 10_000  # of removed x added resources of one type; beyond it, renames are not looked for


def compare(old: Plan, new: Plan, base: str) -> PlanDiff:
    """What changed from `old` to `new`.

    Raises:
        InputError: The plans are of different stacks.
    """
    if (old.project, old.stack) != (new.project, new.stack):
        message = f"is of {old.project}/{old.stack}, this plan is of {new.project}/{new.stack}"
        raise InputError([Problem(base, 0, 0, "", message, remedy="compare plans of the same stack")])
    pairs = _match(old, new)
    renames = {pair.after.urn: pair.before.urn for pair in pairs if pair.before and pair.after}
    diffs = [_compare_resource(pair, renames) for pair in pairs]
    found = _pull_along([diff for diff in diffs if diff is not None], new)
    return PlanDiff(
        base=base,
        resources=tuple(
            sorted(found, key=lambda diff: (_ORDER[diff.change], not diff.properties, diff.urn)),
        ),
        outputs=tuple(differences(dict(old.outputs), dict(new.outputs))),
        sdk_versions=tuple(differences(dict(old.sdk_versions), dict(new.sdk_versions))),
        secrets=_common_secrets(pairs),
        trend=trend(old, new, renames),
    )


def to_document(diff: PlanDiff) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "base": diff.base,
        "resources": [
            {
                "change": resource.change.value,
                "urn": resource.urn,
                "former_urn": resource.former_urn,
                "type": resource.type,
                "name": resource.name,
                "region": resource.region,
                "properties": [_change_document(change) for change in resource.properties],
                "reasons": list(resource.reasons),
                "protected": resource.protected,
                "retained": resource.retained,
                "blocked": resource.blocked,
            }
            for resource in diff.resources
        ],
        "outputs": [_change_document(change) for change in diff.outputs],
        "sdk_versions": [_change_document(change) for change in diff.sdk_versions],
        "secrets_not_compared": diff.secrets,
        "findings": None if diff.trend is None else _trend_document(diff.trend),
    }


def _trend_document(found: Trend) -> dict[str, Any]:
    return {
        "new": [asdict(violation) for violation in found.new],
        "resolved": [asdict(violation) for violation in found.resolved],
        "standing": found.standing,
    }


def _change_document(change: PropertyChange) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    return {"path": list(change.path), **{k: v for k, v in sides.items() if v is not ABSENT}}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A resource in both plans; `by_likeness` where nothing but its looks says that it is the same."""

    before: PlanResource | None
    after: PlanResource | None
    by_likeness: bool = False


def _match(old: Plan, new: Plan) -> list[_Pair]:
    """Every resource of both plans once, with its other self where it has one."""
    before = {resource.urn: resource for resource in old.resources}
    pairs: list[_Pair] = []
    added: list[PlanResource] = []
    found_as: dict[str, str] = {}
    for resource in _parents_first(new):
        alias = resource.urn
        if alias not in before:
            parent = found_as.get(resource.parent)
            alias = next((urn for urn in former_urns(resource, parent) if urn in before), "")
        if alias:
            pairs.append(_Pair(before.pop(alias), resource))
            if alias != resource.urn:
                found_as[resource.urn] = alias
        else:
            added.append(resource)
    return pairs + _renamed(list(before.values()), added)


def _parents_first(plan: Plan) -> list[PlanResource]:
    """In an order in which a resource comes after its parent."""
    parents = {resource.urn: resource.parent for resource in plan.resources}

    def depth(urn: str) -> int:
        steps = 0
        while urn := parents.get(urn, ""):
            steps += 1
        return steps

    return sorted(plan.resources, key=lambda resource: (depth(resource.urn), resource.urn))


def _renamed(removed: list[PlanResource], added: list[PlanResource]) -> list[_Pair]:
    """Pair what looks like one resource under a new logical name; the rest stays alone."""
    pairs: list[_Pair] = []
    gone, come = _by_type(removed), _by_type(added)
    for type_, candidates in come.items():
        rest = gone.get(type_, [])
        if len(rest) * len(candidates) > _MOST_PAIRS:
            continue
        ranked = sorted(
            ((_likeness(b, a), b.urn, a.urn) for b in rest for a in candidates),
            key=lambda entry: (-entry[0], entry[1:]),
        )
        by_urn = {resource.urn: resource for resource in (*rest, *candidates)}
        for likeness, old_urn, new_urn in ranked:
            if likeness < _LIKE_ENOUGH:
                break
            if old_urn in by_urn and new_urn in by_urn:
                pairs.append(_Pair(by_urn.pop(old_urn), by_urn.pop(new_urn), by_likeness=True))
    paired = {resource.urn for pair in pairs for resource in (pair.before, pair.after) if resource}
    pairs.extend(_Pair(resource, None) for resource in removed if resource.urn not in paired)
    pairs.extend(_Pair(None, resource) for resource in added if resource.urn not in paired)
    return pairs


def _by_type(resources: list[PlanResource]) -> dict[str, list[PlanResource]]:
    """By type; components are left out, since nothing tells one from another."""
    found: dict[str, list[PlanResource]] = defaultdict(list)
    for resource in resources:
        if resource.kind is not Kind.COMPONENT:
            found[resource.type].append(resource)
    return found


def _likeness(before: PlanResource, after: PlanResource) -> float:
    """The share of equal leaves; 0 for resources without any."""
    old = {(path, repr(value)) for path, value in leaves(dict(before.inputs))}
    new = {(path, repr(value)) for path, value in leaves(dict(after.inputs))}
    return len(old & new) / max(len(old), len(new), 1)


def _compare_resource(pair: _Pair, renames: Mapping[str, str]) -> ResourceDiff | None:
    before, after = pair.before, pair.after
    if after is None:
        assert before is not None  # noqa: S101  (a pair has one side at least)
        return _diff(Change.REMOVED, before, guard=before)
    if before is None:
        return _diff(Change.ADDED, after, guard=after)
    properties = tuple(_properties(before, after, renames))
    if not properties and before.urn == after.urn:
        return None
    reasons = tuple(_reasons(pair, after, properties))
    return _diff(
        Change.REPLACED if reasons else Change.CHANGED,
        after,
        guard=before,
        former_urn=before.urn if before.urn != after.urn else "",
        properties=properties,
        reasons=reasons,
    )


_OPTIONS_KEY = "(options)"
_COMPARED_OPTIONS_LEFT_OUT = frozenset({"aliases"})  # an alias that is no longer needed changes nothing


def _properties(before: PlanResource, after: PlanResource, renames: Mapping[str, str]) -> Iterator[PropertyChange]:
    """What differs in inputs, then in options; what `ignoreChanges` names is left out."""
    ignored = [ForceNew(parse_path(path), "") for path in after.options.get("ignoreChanges", [])]
    for change in differences(dict(before.inputs), dict(after.inputs)):
        if not any(applies(fact, change.path) and len(change.path) >= len(fact.pattern) for fact in ignored):
            yield change
    options = _comparable_options(before, {}), _comparable_options(after, renames)
    yield from differences(*options, (_OPTIONS_KEY,))


def _comparable_options(resource: PlanResource, renames: Mapping[str, str]) -> dict[str, PlanValue]:
    """The options with provider and parent, under the URNs that these had before."""
    options = {k: v for k, v in resource.options.items() if k not in _COMPARED_OPTIONS_LEFT_OUT}
    others = {"provider": resource.provider, "parent": resource.parent}
    return options | {key: renames.get(urn, urn) for key, urn in others.items() if urn}


def _reasons(pair: _Pair, after: PlanResource, properties: tuple[PropertyChange, ...]) -> Iterator[str]:
    """Why a change is a replacement; nothing for components, which are nothing that could be replaced."""
    if after.kind is Kind.COMPONENT:
        return
    if pair.by_likeness and pair.before:
        yield f"{NO_ALIAS}; it was {pair.before.urn}"
    facts = force_new(after)
    told: set[str] = set()
    for change in properties:
        fact = next((fact for fact in facts if applies(fact, change.path)), None)
        if fact is not None and change.path[0] != _OPTIONS_KEY:
            where = format_path(change.path)
            unsure = is_unknown(change.after) or is_unknown(change.before)
            reason = f"{where}{' (not known yet, may stay the same)' if unsure else ''}: {fact.source}"
            if reason not in told:
                told.add(reason)
                yield reason


def _diff(
    change: Change,
    resource: PlanResource,
    guard: PlanResource,
    former_urn: str = "",
    properties: tuple[PropertyChange, ...] = (),
    reasons: tuple[str, ...] = (),
) -> ResourceDiff:
    """`guard` is the side whose options the engine would honor when the old resource goes."""
    return ResourceDiff(
        change=change,
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        region=resource.region,
        former_urn=former_urn,
        properties=properties,
        reasons=reasons,
        protected=guard.protected,
        retained=bool(guard.options.get("retainOnDelete")),
    )


def _pull_along(diffs: list[ResourceDiff], new: Plan) -> list[ResourceDiff]:
    """Replace, too, what takes a property that forces a replacement from something replaced."""
    found = {diff.urn: diff for diff in diffs}
    waiting = [diff.urn for diff in diffs if diff.change is Change.REPLACED]
    users: dict[str, list[tuple[PlanResource, str]]] = defaultdict(list)
    for resource in new.resources:
        for key, urns in resource.property_dependencies.items():
            for urn in urns:
                users[urn].append((resource, key))
    while waiting:
        source = waiting.pop()
        for resource, key in users[source]:
            diff = found.get(resource.urn) or _diff(Change.CHANGED, resource, guard=resource)
            if diff.change is Change.CHANGED and _forced_through(resource, key):
                name = found[source].name
                reason = f"{key}: comes from {name!r}, which is replaced"
                found[resource.urn] = replace(diff, change=Change.REPLACED, reasons=(reason,))
                waiting.append(resource.urn)
    return list(found.values())


def _forced_through(resource: PlanResource, key: str) -> bool:
    """Whether the property named `key` holds an unknown where a change forces a replacement."""
    return any(fact.pattern[:1] in {(key,), ()} and unknown_at(fact, resource.inputs) for fact in force_new(resource))


def _common_secrets(pairs: list[_Pair]) -> int:
    """Leaves that are secret on both sides."""
    count = 0
    for pair in pairs:
        if pair.before is not None and pair.after is not None:
            old = dict(leaves(dict(pair.before.inputs)))
            new = leaves(dict(pair.after.inputs))
            count += sum(is_secret(value) and is_secret(old.get(path)) for path, value in new)
    return count
