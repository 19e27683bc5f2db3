"""Everything that is known before deployment: one environment and the services that run in it.

Owns the order of the checks: the documents by themselves, the services between themselves, the environment's
overrides, the services in the environment, the environment beside the project's others, metrics, capacity and
promises of recovery. Every problem of a stage is reported before the next stage is tried, because a later stage
needs what an earlier one refuses.

Knows nothing of Pulumi: `__main__.py`, the command line and tests load the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serving.blueprint.crosschecks import cross_findings
from serving.blueprint.environment import Environment
from serving.blueprint.errors import Finding, InputError, KeyPath, Problem, format_path
from serving.blueprint.fleet import FleetFinding, environment_findings, host_of, service_findings
from serving.blueprint.loader import (
    LoadedBlueprint,
    load_blueprints,
    load_environment,
    problem_at,
    read_stack_file,
    validate_sections,
)
from serving.blueprint.ranges import range_findings, ranges_of_other_stacks
from serving.blueprint.schema import Blueprint
from serving.blueprint.source import Source
from serving.planning.addons import system_findings
from serving.planning.capacity import capacity_findings, instance_findings
from serving.planning.recovery import recovery_findings
from serving.telemetry.metrics import contract_findings

CONFIG_KEY = "environment"
"""Key of the environment in the stack's configuration, below the project's name."""


@dataclass(frozen=True, slots=True)
class Override:
    """What an environment says differently from a blueprint, with its leave."""

    service: str
    key: str
    blueprint_value: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Workspace:
    """An environment, the services that run in it as they are there, and what was overridden."""

    environment: Environment
    blueprints: tuple[Blueprint, ...]
    overrides: tuple[Override, ...]

    @property
    def hosts(self) -> dict[str, str]:
        """Service -> host."""
        return {blueprint.name: host_of(self.environment, blueprint) for blueprint in self.blueprints}


@dataclass(frozen=True, slots=True)
class _Stack:
    """The environment with what is needed to say where a finding about it stands."""

    environment: Environment
    source: Source
    base: KeyPath

    def problem(self, finding: Finding) -> Problem:
        return problem_at(self.source, replace(finding, path=(*self.base, *finding.path)))


def load_workspace(project: Path, stack: str, environment: Mapping[str, Any] | None = None) -> Workspace:
    """Read and prove everything that one stack needs.

    Args:
        project: Folder of the program, with `Pulumi.<stack>.yaml` in it.
        stack: Name of the stack.
        environment: The stack's configured environment where Pulumi has read it already; the stack file's
            by default.

    Raises:
        InputError: every problem of the first stage that has any.
    """
    config, source = read_stack_file(project / f"Pulumi.{stack}.yaml")
    key = _config_key(config, source)
    base: KeyPath = ("config", key)
    data = environment if environment is not None else config[key]
    loaded_environment, loaded = _read_both(project, data, source, base)
    here = _Stack(loaded_environment, source, base)
    services = _services(here, loaded)
    effective, overrides = _override(here, services)
    taken = ranges_of_other_stacks(project, stack, CONFIG_KEY)
    _prove(here, effective, services, tuple(range_findings(loaded_environment, taken)))
    return Workspace(loaded_environment, tuple(effective.values()), overrides)


def _read_both(
    project: Path, data: object, source: Source, base: KeyPath
) -> tuple[Environment, tuple[LoadedBlueprint, ...]]:
    """The environment and the blueprints; what is wrong with either is told together."""
    try:
        environment = load_environment(data, source, base)
    except InputError as error:
        folder = data.get("blueprints") if isinstance(data, Mapping) else None
        _refuse((*error.problems, *_fleet_problems(project / (folder if isinstance(folder, str) else "blueprints"))))
        raise
    return environment, load_fleet([project / environment.blueprints])


def _fleet_problems(folder: Path) -> tuple[Problem, ...]:
    try:
        load_fleet([folder])
    except InputError as error:
        return error.problems
    return ()


def load_fleet(paths: Sequence[Path]) -> tuple[LoadedBlueprint, ...]:
    """Read blueprints and check them by themselves, between themselves and against their metric contracts.

    Raises:
        InputError: every problem.
    """
    loaded = load_blueprints(paths)
    blueprints = [one.blueprint for one in loaded]
    findings = [*service_findings(blueprints), *_metric_findings(blueprints)]
    _refuse(problem_at(loaded[one.index].source, one.finding) for one in findings if one.index is not None)
    return loaded


def _metric_findings(blueprints: Sequence[Blueprint]) -> Iterator[FleetFinding]:
    for index, blueprint in enumerate(blueprints):
        for finding in contract_findings(blueprint):
            yield FleetFinding(index, finding)


def _config_key(config: Mapping[str, Any], source: Source) -> str:
    """The key of the environment, whatever the project is called."""
    for key in config:
        if key.partition(":")[2] == CONFIG_KEY:
            return key
    finding = Finding(
        ("config",),
        f"no key '<project>:{CONFIG_KEY}'",
        effect="nothing says what the stack has",
        remedy="state the environment; `serving schema environment` prints its schema",
        allowed=tuple(config),
    )
    raise InputError([problem_at(source, finding)])


def _services(here: _Stack, loaded: Sequence[LoadedBlueprint]) -> dict[str, LoadedBlueprint]:
    """Name -> blueprint of the services that run here, in the order of their names."""
    by_name = {one.blueprint.name: one for one in loaded}
    _refuse(
        here.problem(
            Finding(
                ("services", name),
                f"there is no blueprint of a service '{name}'",
                effect="there would be nothing to deploy",
                remedy=f"correct the name, or write {here.environment.blueprints}/{name}.yaml",
                allowed=tuple(sorted(by_name)),
            )
        )
        for name in here.environment.services
        if name not in by_name
    )
    return {name: by_name[name] for name in sorted(here.environment.services)}


def _override(
    here: _Stack, services: Mapping[str, LoadedBlueprint]
) -> tuple[dict[str, Blueprint], tuple[Override, ...]]:
    """Apply the environment's overrides; refuse those that a blueprint does not allow or that break it."""
    effective: dict[str, Blueprint] = {}
    overrides: list[Override] = []
    problems: list[Problem] = []
    for name, one in services.items():
        wanted = here.environment.services[name].overrides
        refused = [here.problem(finding) for finding in _not_overridable(name, one.blueprint, wanted)]
        problems += refused
        if refused or not wanted:
            effective[name] = one.blueprint
            continue
        document = one.blueprint.model_dump(mode="json", by_alias=True)
        for key, value in wanted.items():
            overrides.append(Override(name, key, _set(document, key.split("."), value), value))
        overridden, findings = validate_sections(Blueprint, document, cross_findings)
        effective[name] = overridden or one.blueprint
        problems += [here.problem(_at_override(name, wanted, finding)) for finding in findings]
    _refuse(problems)
    changed = tuple(override for override in overrides if override.value != override.blueprint_value)
    return effective, changed


def _not_overridable(name: str, blueprint: Blueprint, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    for key in wanted:
        if key not in blueprint.overridable:
            yield Finding(
                ("services", name, "overrides", key),
                f"the blueprint of '{name}' does not let an environment override '{key}'",
                effect="the service would be deployed other than its owner wrote it",
                remedy=f"take the override out, or let the owner add '{key}' to `overridable`",
                allowed=blueprint.overridable,
            )


def _at_override(name: str, wanted: Mapping[str, Any], finding: Finding) -> Finding:
    """What an override breaks, told at the override that is nearest to the broken key."""
    broken = [str(part) for part in finding.path]
    nearest = max(wanted, key=lambda key: _shared_prefix(key.split("."), broken))
    message = f"{format_path(finding.path)}: {finding.message}"
    return replace(finding, path=("services", name, "overrides", nearest), message=message)


def _prove(
    here: _Stack,
    effective: Mapping[str, Blueprint],
    services: Mapping[str, LoadedBlueprint],
    beside_others: Sequence[Finding],
) -> None:
    """The services as they are here: between themselves, in this environment, and on its nodes.

    Args:
        here: The environment.
        effective: Name -> blueprint with its overrides.
        services: Name -> blueprint as it was read.
        beside_others: What does not fit beside the project's other environments.
    """
    names = list(effective)
    blueprints = list(effective.values())
    about_services = [*service_findings(blueprints), *_metric_findings(blueprints)]
    problems = [
        problem_at(services[names[one.index]].source, one.finding) for one in about_services if one.index is not None
    ]
    problems += [here.problem(finding) for finding in beside_others]
    problems += [here.problem(one.finding) for one in environment_findings(here.environment, effective)]
    problems += [here.problem(finding) for finding in instance_findings(here.environment)]
    _refuse(problems)
    problems = [here.problem(finding) for finding in capacity_findings(here.environment, blueprints)]
    problems += [here.problem(finding) for finding in system_findings(here.environment, blueprints)]
    problems += [
        problem_at(services[one.service].source, one.finding) for one in recovery_findings(here.environment, blueprints)
    ]
    _refuse(problems)


def _set(document: dict[str, Any], parts: Sequence[str], value: Any) -> Any:  # noqa: ANN401  a value of YAML
    """Set a nested value; returns the one that it replaces."""
    for part in parts[:-1]:
        if document.get(part) is None:
            document[part] = {}
        document = document[part]
    before = document.get(parts[-1])
    document[parts[-1]] = value
    return before


def _shared_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise InputError(found)
