"""How strict the pack is here: levels, parameters and waivers, from configuration.

Owns the reading of the stack's configuration (the `policies` part of `<project>:environment`) and of Pulumi's
own policy configuration, which wins. What is wrong with either becomes a text in `Settings.mistakes`; a
mistake never loosens a rule, because the default stays in force. It reads no environment variable, no clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from policies.rule import Level, Parameters, Rule
from policies.waivers import Waiver
from serving.blueprint.errors import format_path
from serving.blueprint.vocabulary import EnvironmentKind
from serving.blueprint.wording import nearest

ENVIRONMENT_KEY: Final = ":environment"
"""End of the configuration key that holds the environment; the project's name stands before it."""

_SECTIONS: Final = ("levels", "undetermined", "parameters", "waivers")
_STRICTEST: Final = EnvironmentKind.PROD
_UNDETERMINED_LEVELS: Final = (Level.ADVISORY, Level.MANDATORY, Level.DISABLED)
_STOPPING: Final = (Level.MANDATORY, Level.REMEDIATE)
_REASON_CHARACTERS: Final = 10
"""Fewest characters of a reason; as for a waiver."""

STACK_TAGS_KEY: Final = "pulumi:tags"
"""Configuration of the stack's own tags, which the CLI gives to the backend (Pulumi documentation, "Stack tags")."""


@dataclass(frozen=True, slots=True)
class Override:
    """What Pulumi's own policy configuration says of one rule."""

    level: Level
    parameters: Mapping[str, Any]


@dataclass(slots=True)
class Settings:
    """Everything that configuration decides, resolved for every rule."""

    levels: dict[str, Level] = field(default_factory=dict)
    undetermined: dict[str, Level] = field(default_factory=dict)
    parameters: dict[str, Parameters] = field(default_factory=dict)
    waivers: list[Waiver] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    kind: EnvironmentKind = EnvironmentKind.PROD

    def level(self, rule: str) -> Level:
        """Level of a violation."""
        return self.levels[rule]

    def undetermined_level(self, rule: str) -> Level:
        """Level of what could not be judged: as strict as the rule itself, unless configured."""
        return self.undetermined.get(rule, self.levels[rule])

    @property
    def silences(self) -> tuple[str, ...]:
        """Where a mandatory rule passes over what it cannot judge, without a reason that would allow it."""
        return tuple(problem for rule in self.undetermined if (problem := self._silence(rule)))

    def _silence(self, rule: str) -> str | None:
        level, place = self.undetermined[rule], f"policies.undetermined.{rule}"
        if self.levels[rule] not in _STOPPING or level is Level.MANDATORY:
            return None
        if level is Level.DISABLED:
            return f"{place} is disabled, and the rule is {self.levels[rule]}"
        return (
            None if rule in self.reasons else f"{place} is {level} without a reason, and the rule {self.levels[rule]}"
        )


def resolve(
    rules: Iterable[Rule[Any]],
    config: Mapping[str, str],
    overrides: Mapping[str, Override] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Settings:
    """Resolve the configuration of a stack.

    Args:
        rules: All rules of the pack.
        config: The stack's configuration as the engine gives it: key -> text, objects as JSON.
        overrides: Pulumi's own policy configuration; wins.
        tags: Tags of the stack, where the engine says them; those of its configuration are added.
    """
    by_id = {rule.id: rule for rule in rules}
    settings = Settings()
    environment = _environment(config, settings)
    kind = settings.kind = _kind(environment)
    settings.tags = {**(tags or {}), **_stack_tags(config)}
    written = _sections(environment, settings)
    for rule in by_id.values():
        settings.levels[rule.id] = rule.default_level(kind)
        settings.parameters[rule.id] = rule.parameters()
    _read_levels(written["levels"], "levels", tuple(Level), by_id, settings, settings.levels)
    levels = _read_reasons(written["undetermined"], settings)
    _read_levels(levels, "undetermined", _UNDETERMINED_LEVELS, by_id, settings, settings.undetermined)
    for name, value in _named(written["parameters"], "parameters", by_id, settings):
        _read_parameters(by_id[name], value, f"policies.parameters.{name}", settings)
    _read_waivers(written["waivers"], by_id, settings)
    _apply(overrides or {}, by_id, settings)
    return settings


def _environment(config: Mapping[str, str], settings: Settings) -> Mapping[str, Any]:
    """The environment of our own stacks; empty for a stack that has none."""
    for key in sorted(key for key in config if key.endswith(ENVIRONMENT_KEY)):
        try:
            parsed = json.loads(config[key])
        except ValueError:
            continue  # a plain text named `environment` is a common key of stacks that are not ours
        if isinstance(parsed, dict):
            return parsed
        if parsed is not None and not isinstance(parsed, str):
            settings.mistakes.append(f"{key} is not a mapping")
    return {}


def _stack_tags(config: Mapping[str, str]) -> dict[str, str]:
    try:
        parsed = json.loads(config.get(STACK_TAGS_KEY) or "{}")
    except ValueError:
        return {}  # no mapping: the CLI refuses it
    return {str(key): str(value) for key, value in parsed.items()} if isinstance(parsed, dict) else {}


def _kind(environment: Mapping[str, Any]) -> EnvironmentKind:
    """The kind of environment; the strictest where none is stated."""
    stated = environment.get("kind")
    return EnvironmentKind(stated) if stated in tuple(EnvironmentKind) else _STRICTEST


def _sections(environment: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    written = environment.get("policies") or {}
    if not isinstance(written, dict):
        settings.mistakes.append("policies is not a mapping")
        written = {}
    for name in sorted(set(written) - set(_SECTIONS)):
        settings.mistakes.append(f"policies.{name} is no section{_hint(name, _SECTIONS)}")
    return {name: written.get(name) for name in _SECTIONS}


def _named(
    section: Any,  # noqa: ANN401  (what somebody wrote)
    name: str,
    by_id: Mapping[str, Rule[Any]],
    settings: Settings,
) -> Iterator[tuple[str, Any]]:
    """Entries of a mapping by rule id; unknown ids are mistakes."""
    if section is not None and not isinstance(section, dict):
        settings.mistakes.append(f"policies.{name} is not a mapping of rule ids")
        return
    for rule, value in (section or {}).items():
        if rule in by_id:
            yield rule, value
        else:
            settings.mistakes.append(f"policies.{name}.{rule}: no rule has that id{_hint(rule, by_id)}")


def _read_levels(
    section: Any,  # noqa: ANN401
    name: str,
    allowed: tuple[Level, ...],
    by_id: Mapping[str, Rule[Any]],
    settings: Settings,
    into: dict[str, Level],
) -> None:
    for rule, value in _named(section, name, by_id, settings):
        if by_id[rule].essential:
            settings.mistakes.append(f"policies.{name}.{rule}: the level of this rule is fixed")
        elif isinstance(value, str) and value in allowed:
            into[rule] = Level(value)
        else:
            settings.mistakes.append(f"policies.{name}.{rule} is no level; allowed: {', '.join(allowed)}")


def _read_reasons(section: Any, settings: Settings) -> Any:  # noqa: ANN401
    """Take the reasons of levels down; what is returned are levels alone."""
    if not isinstance(section, dict):
        return section
    levels = {}
    for rule, value in section.items():
        levels[rule] = value
        if isinstance(value, dict) and value.keys() == {"level", "reason"}:
            levels[rule], reason = value["level"], value["reason"]
            if isinstance(reason, str) and len(reason.strip()) >= _REASON_CHARACTERS:
                settings.reasons[rule] = reason
            else:
                settings.mistakes.append(f"policies.undetermined.{rule}.reason is no sentence")
    return levels


def _read_parameters(rule: Rule[Any], value: Any, place: str, settings: Settings) -> None:  # noqa: ANN401
    if not isinstance(value, Mapping):
        settings.mistakes.append(f"{place} is not a mapping of parameters")
        return
    try:
        settings.parameters[rule.id] = rule.parameters.model_validate(dict(value))
    except ValidationError as error:
        settings.mistakes += [
            f"{place}.{problem}{_hint(problem.partition(':')[0], rule.parameters.model_fields)}"
            for problem in _problems(error)
        ]


def _read_waivers(section: Any, by_id: Mapping[str, Rule[Any]], settings: Settings) -> None:  # noqa: ANN401
    if section is not None and not isinstance(section, list):
        settings.mistakes.append("policies.waivers is not a list")
        return
    for index, value in enumerate(section or ()):
        place = f"policies.waivers[{index}]"
        try:
            waiver = Waiver.model_validate(value)
        except ValidationError as error:
            settings.mistakes += [f"{place}.{problem}" for problem in _problems(error)]
            continue
        if waiver.rule not in by_id:
            settings.mistakes.append(f"{place}.rule: no rule has that id{_hint(waiver.rule, by_id)}")
        elif by_id[waiver.rule].essential:
            settings.mistakes.append(f"{place}.rule: {waiver.rule} cannot be waived")
        else:
            settings.waivers.append(waiver)


def _apply(overrides: Mapping[str, Override], by_id: Mapping[str, Rule[Any]], settings: Settings) -> None:
    for name, override in overrides.items():
        if name not in by_id:
            settings.mistakes.append(f"policy pack configuration of {name}: no rule has that id{_hint(name, by_id)}")
            continue
        settings.levels[name] = override.level
        if override.parameters:
            _read_parameters(by_id[name], override.parameters, f"policy pack configuration of {name}", settings)


def _problems(error: ValidationError) -> Iterator[str]:
    """Each problem with its path; never the value, which may be a secret."""
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        yield f"{format_path(problem['loc'])}: {problem['msg']}"


def _hint(name: str, candidates: Iterable[str]) -> str:
    close = nearest(name, candidates)
    return f"; did you mean {close}?" if close and close != name else ""
