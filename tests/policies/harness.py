"""How rules are tested: samples, declared once, judged like a stack.

Owns the sample format and the running of the pack over one sample. Each rule has a module of samples in
`tests/policies/samples`, named like the rule's own module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from policies.findings import Report
from policies.judge import Judge
from policies.levels import resolve
from policies.pack import RULES
from policies.rule import Rule
from policies.views import SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN, Node, Provider, Resource

TODAY = date(2026, 11, 20)
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/0d6a7f2e-6f4c-4a55-9d53-0a7b8a2d1c11"
DIGEST = "sha256:" + "ab" * 32

Json = dict[str, Any]


class Case(StrEnum):
    """What a sample shows. Secret and waived are derived from the disallowed ones, for every rule."""

    ALLOWED = "allowed"
    DISALLOWED = "disallowed"
    INSIDE = "just inside a boundary"
    OUTSIDE = "just outside a boundary"
    UNKNOWN = "unknown, and not to be resolved"
    RESOLVED = "unknown, and resolved through dependencies"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Declared:
    """A resource as a program would declare it."""

    token: str
    name: str
    properties: Json
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input -> names of the resources that its value comes from."""
    protect: bool = False
    ignores: tuple[str, ...] = ()
    provider: str = ""
    region: str = ""
    """Of its provider."""
    default_tags: Mapping[str, str] | None = None

    @property
    def urn(self) -> str:
        return urn(self.token, self.name)

    def build(self, urns: Mapping[str, str], *, alone: bool) -> Resource:
        """The view of it; `alone` as Analyze sees it, without dependencies."""
        needs = {key: tuple(urns[name] for name in names) for key, names in self.needs.items()}
        provider = None
        if self.provider or self.region or self.default_tags is not None:
            inputs: Json = {"region": self.region} if self.region else {}
            if self.default_tags is not None:
                inputs["defaultTags"] = {"tags": dict(self.default_tags)}
            provider = Provider("pulumi:providers:any", self.provider, Node(inputs))
        return Resource(
            self.token,
            self.urn,
            self.name,
            lambda: self.properties,
            protect=self.protect,
            ignore_changes=self.ignores,
            provider=provider,
            dependencies=() if alone else tuple(urn for urns in needs.values() for urn in urns),
            property_dependencies={} if alone else needs,
        )


@dataclass(frozen=True)
class Sample:
    """Some resources, and what one rule finds in them: a piece of each message, in order."""

    case: Case
    name: str
    resources: tuple[Declared, ...]
    finds: tuple[str, ...] = ()
    parameters: Json = field(default_factory=dict)
    waivers: tuple[Json, ...] = ()
    written: Json = field(default_factory=dict)
    """Further sections of `policies` in the configuration."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the stack."""


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{token}::{name}"


def judge(
    rule: Rule[Any],
    sample: Sample,
    *,
    waivers: tuple[Json, ...] = (),
    kind: str = "prod",
    levels: Mapping[str, str] | None = None,
) -> list[Report]:
    """Run a rule over a sample, every resource alone and then the stack; a rule about rules runs with all."""
    policies: Json = {"waivers": [*sample.waivers, *waivers], "levels": dict(levels or {}), **sample.written}
    if sample.parameters:
        policies["parameters"] = {rule.id: sample.parameters}
    rules = RULES if rule.essential else (rule,)
    config = {"shop:environment": json.dumps({"kind": kind, "policies": policies})}
    settings = resolve(rules, config, tags=sample.tags)
    if not rule.essential:
        assert settings.mistakes == []
    return [report for report in run(Judge(rules, settings, TODAY), sample.resources) if report.rule == rule.id]


def run(judging: Judge, resources: tuple[Declared, ...]) -> list[Report]:
    urns = {resource.name: resource.urn for resource in resources}
    reports = [report for resource in resources for report in judging.judge_resource(resource.build(urns, alone=True))]
    return reports + judging.judge_stack([resource.build(urns, alone=False) for resource in resources])


def waiver(rule: str, resource: str, **changes: str) -> Json:
    """A valid waiver, as written in configuration."""
    return {
        "rule": rule,
        "resource": resource,
        "reason": "migration is under way",
        "owner": "team-x",
        "ticket": "OPS-12",
        "granted": "2026-11-01",
        "expires": "2026-12-31",
        **changes,
    }


def secret(value: object) -> Json:
    return {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value}


def with_secrets(value: Any) -> Any:
    """The same properties, every leaf marked as a secret."""
    if isinstance(value, dict):
        return {key: with_secrets(child) for key, child in value.items()}
    if isinstance(value, list):
        return [with_secrets(child) for child in value]
    return secret(value)


def blurred(properties: Json, by: Any = UNKNOWN) -> Iterator[tuple[str, Json]]:
    """The same properties, again and again, each time with another value (or whole branch) unknown, or replaced."""
    yield from ((path, new) for path, new in _blurred(properties, "", by) if isinstance(new, dict))


def _blurred(value: Any, path: str, by: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            place = f"{path}.{key}"
            yield place, {**value, key: by}
            yield from ((deeper, {**value, key: new}) for deeper, new in _blurred(child, place, by))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            place = f"{path}[{index}]"
            rest = value[:index], value[index + 1 :]
            yield place, [*rest[0], by, *rest[1]]
            yield from ((deeper, [*rest[0], new, *rest[1]]) for deeper, new in _blurred(child, place, by))
