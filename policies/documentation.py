"""The documentation of the rules, rendered from their own metadata.

Owns the form only: `docs/policies.md` says nothing that a rule does not say of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pydantic.fields import FieldInfo

from policies.frameworks import CONTROLS, Framework
from policies.pack import RULES
from policies.rule import ANY_TYPE, Rule, Topic

_HEAD = """# Policies

<!-- Rendered from the rules by `make generate`; do not edit. -->

Every rule judges any Pulumi stack's resources by their types and properties. Its level is *mandatory* (a
violation stops the preview), *advisory*, *remediate* (what the rule can fix is fixed, the rest is mandatory), or
*disabled*; an environment changes levels and parameters, and waives single findings, below `policies:` of its
`Pulumi.<stack>.yaml`. What a mandatory rule cannot judge
before deployment is reported as *undetermined*, at the rule's own level.
"""


def render() -> str:
    """The whole page, Markdown."""
    return "\n".join([_HEAD, *_overview(), *_chapters(), *_frameworks()]) + "\n"


def _by_topic() -> Iterator[tuple[Topic, list[Rule[Any]]]]:
    order = list(Topic)
    rules = sorted(RULES, key=lambda rule: (order.index(rule.topic), rule.id))
    for topic, group in groupby(rules, key=lambda rule: rule.topic):
        yield topic, list(group)


def _overview() -> Iterator[str]:
    yield f"## The {len(RULES)} rules\n"
    yield "| rule | what must hold | kind | severity | level |"
    yield "| --- | --- | --- | --- | --- |"
    for _, rules in _by_topic():
        for rule in rules:
            yield f"| [`{rule.id}`](#{rule.id}) | {rule.title} | {rule.kind} | {rule.severity} | {_levels(rule)} |"
    yield ""


def _levels(rule: Rule[Any]) -> str:
    exceptions = [f"{level} in {kind}" for kind, level in rule.level_in.items()]
    return ", ".join([rule.level.value, *exceptions])


def _chapters() -> Iterator[str]:
    for topic, rules in _by_topic():
        yield f"## {topic}\n"
        for rule in rules:
            yield from _rule(rule)


def _rule(rule: Rule[Any]) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"{rule.title}. {rule.description}\n"
    yield f"- **Otherwise:** {rule.effect}"
    yield f"- **Remedy:** {rule.remedy}"
    if rule.tokens != (ANY_TYPE,):
        yield f"- **Judges:** {', '.join(f'`{token}`' for token in rule.tokens)}"
    if rule.fix is not None:
        yield "- **Can be fixed** by the pack at level `remediate`"
    if rule.frameworks:
        named = "; ".join(f"{control.framework} {control.id} ({control.title})" for control in rule.frameworks)
        yield f"- **Implements:** {named}"
    yield ""
    yield from _parameters(rule)


def _parameters(rule: Rule[Any]) -> Iterator[str]:
    fields: dict[str, FieldInfo] = rule.parameters.model_fields
    if not fields:
        return
    yield "| parameter | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field in fields.items():
        yield f"| `{name}` | `{_shown(field.default)}` | {field.description} |"
    yield ""


def _shown(default: object) -> str:
    """A default as it would be written in the stack's configuration."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (tuple, list)):
        return f"[{', '.join(str(item) for item in default)}]"
    return str(default)


def _frameworks() -> Iterator[str]:
    yield "## By framework\n"
    yield "Only controls whose id and meaning were checked against their source are listed.\n"
    yield "| framework | control | rules |"
    yield "| --- | --- | --- |"
    for framework in Framework:
        for control in (control for control in CONTROLS if control.framework is framework):
            rules = [f"[`{rule.id}`](#{rule.id})" for rule in RULES if control in rule.frameworks]
            yield f"| {framework} | {control.id}: {control.title} | {', '.join(rules) or 'none yet'} |"
