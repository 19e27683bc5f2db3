"""The same findings under the real engine and in the embedded preview: of both stacks, and of ten with a fault.

One difference is allowed, and must be there: pulumi-aws makes a text of a policy that was written as a mapping, and
that text is unknown as a whole where a part of it is. The embedded preview judges the known parts, the engine's pack
cannot. For the rules that this concerns the environment says so under `policies.undetermined`, with the reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format

from policies.findings import State, parse_message
from serving.preview.project import load_project, load_stack_config
from serving.preview.runner import run_program
from tests.documents import ENVIRONMENT_KEY, ROOT
from tests.engine.conftest import Engine, fresh_stack
from tests.policies.mutation.excused import ADVISED
from tests.policies.mutation.fault import Mutant, mutants_of
from tests.policies.mutation.faults import all_faults
from tests.policies.mutation.recorded import Entry, clean

MUTATED = "prod"
TRIED = (
    "encryption drifts unseen",
    "key of the metrics dropped",
    "all verbs",
    "tag data-class dropped",
    "writers own their objects",
    "one kind of log fewer",
    "memory of the host",
    "no time to drain",
    "lifecycle off",
    "scaled by what nobody measures",
)
"""Faults of ten topics: options, inputs and texts, of AWS resources and of objects."""


@dataclass(frozen=True, order=True)
class Finding:
    """One finding as both tell it."""

    rule: str
    urn: str
    level: str
    state: State
    text: str
    remedy: str


@dataclass(frozen=True)
class Told:
    """What one of the two told of a stack."""

    urns: frozenset[str]
    findings: frozenset[Finding]
    exit_code: int


@dataclass(frozen=True)
class Pair:
    """A copy of the project, with the means to ask both about it."""

    engine: Engine
    folder: Path

    def by_engine(self, mutant: Path | None = None) -> Told:
        """What `pulumi preview --policy-pack policies` finds, by the engine's own events."""
        log = self.folder / "events.jsonl"
        log.unlink(missing_ok=True)
        one = replace(self.engine, environment=self._environment(mutant) | {"PULUMI_DEBUG_COMMANDS": "true"})
        result = one.run("preview", "--policy-pack", "policies", "--event-log", str(log))
        assert log.exists(), result.stdout[-2000:] + result.stderr[-2000:]
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        told = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
        errors = {one["message"].strip() for one in told if one["severity"] == "error"}
        assert errors <= {"preview failed"}  # which is how the engine ends after a mandatory finding
        return Told(
            frozenset(event["resourcePreEvent"]["metadata"]["urn"] for event in events if "resourcePreEvent" in event),
            frozenset(_of_event(event["policyEvent"]) for event in events if "policyEvent" in event),
            result.returncode,
        )

    def embedded(self, mutant: Path | None = None) -> Told:
        """What `serving preview` finds."""
        result = subprocess.run(
            [sys.executable, "-m", "serving", "preview", "--stack", self.engine.stack, "--json"],
            cwd=self.engine.project,
            env=self._environment(mutant),
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode in (0, 1), result.stderr[-4000:]
        plan = json.loads(result.stdout)["plan"]
        return Told(
            frozenset(one["urn"] for one in plan["resources"]),
            frozenset(_of_plan(violation) for violation in plan["violations"]),
            result.returncode,
        )

    def _environment(self, mutant: Path | None) -> dict[str, str]:
        return self.engine.environment | ({"MUTANT": str(mutant)} if mutant else {})


def _of_event(event: Mapping[str, str]) -> Finding:
    said = parse_message(event["message"].rstrip("\n"))
    return Finding(
        event["policyName"], event["resourceUrn"], event["enforcementLevel"], said.state, said.text, said.remedy
    )


def _of_plan(violation: Mapping[str, str]) -> Finding:
    state = State(violation["state"])
    return Finding(
        violation["rule"], violation["urn"], violation["level"], state, violation["message"], violation["remedy"]
    )


def _pair(stack: str, folder: Path) -> Pair:
    engine = fresh_stack(folder, stack)
    shutil.copy(Path(__file__).parent / "mutant.py", engine.project / "mutant.py")
    program = engine.project / "__main__.py"
    before, main, after = program.read_text(encoding="utf-8").partition("\ndef main()")
    program.write_text(f"{before}\nimport mutant\n\n{main}{after}", encoding="utf-8")
    return Pair(engine, folder)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """One pair a stack."""
    return cache(lambda stack: _pair(stack, tmp_path_factory.mktemp("findings")))


def _unknown_to_the_engine(stack: str) -> frozenset[str]:
    """Rules of which the environment says that the engine cannot judge everything."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return frozenset(document["config"][ENVIRONMENT_KEY]["policies"]["undetermined"])


def _compared(pair: Pair, mutant: Path | None = None) -> tuple[Told, Told]:
    """What both tell, after holding one against the other."""
    engine, embedded = pair.by_engine(mutant), pair.embedded(mutant)
    assert engine.urns == embedded.urns
    assert bool(engine.exit_code) == bool(embedded.exit_code)
    assert sorted(embedded.findings - engine.findings) == []
    more = engine.findings - embedded.findings
    assert [one for one in sorted(more) if one.state is not State.UNDETERMINED] == []
    assert {one.rule for one in more} <= _unknown_to_the_engine(pair.engine.stack)
    return engine, embedded


@pytest.mark.parametrize("stack", ["dev", MUTATED])
def test_both_find_the_same_in_the_shipped_stack(pairs: Callable[[str], Pair], stack: str) -> None:
    engine, embedded = _compared(pairs(stack))
    assert engine.exit_code == 0
    assert embedded.findings  # comparing nothing with nothing proves nothing
    allowed = {one.rule for one in engine.findings - embedded.findings}
    assert allowed == _unknown_to_the_engine(stack), "the environment allows a difference that there is not"


@cache
def _registered() -> Mapping[str, dict[str, Any]]:
    """URN -> the inputs on the wire's terms."""
    recording = run_program(load_project(ROOT), load_stack_config(load_project(ROOT), MUTATED))
    return {one.urn: json_format.MessageToDict(one.inputs) for one in recording.registrations}


def _on_the_wire(mutant: Mutant) -> dict[str, Any] | None:
    """The mutant as its registration; None where a change of one registration cannot make it."""
    clean_one, changed = mutant.clean, mutant.changed
    if changed is None or changed.urn != clean_one.urn or clean_one.urn not in _registered():
        return None
    registered = replace(clean_one, properties=_registered()[clean_one.urn])
    for place, made in mutant.fault.change(registered):
        if place == mutant.place and made is not None and _differs(registered, made):
            return {
                "type": made.type,
                "name": made.name,
                "object": made.properties,
                "protect": made.protect,
                "ignoreChanges": made.ignore_changes,
            }
    return None


def _differs(before: Entry, after: Entry) -> bool:
    """In what a registration says, and in nothing else."""
    same = replace(after, properties=before.properties, protect=before.protect, ignore_changes=before.ignore_changes)
    return same == before and after != before


def _mutant(name: str) -> tuple[Mutant, dict[str, Any]]:
    """The first mutant of the fault that one registration can make."""
    [fault] = [one for one in all_faults() if one.name == name]
    made = ((mutant, _on_the_wire(mutant)) for mutant in mutants_of(fault, clean(MUTATED).entries))
    return next((mutant, wire) for mutant, wire in made if wire is not None)


@pytest.mark.parametrize("name", TRIED)
def test_both_find_the_same_in_a_stack_with_a_fault(pairs: Callable[[str], Pair], name: str, tmp_path: Path) -> None:
    mutant, wire = _mutant(name)
    expected = {rule.partition(" ")[0] for rule in mutant.fault.expected(mutant.clean)}
    assert not expected & ADVISED.keys(), "the clean stack has findings of this rule, too"
    path = tmp_path / "mutant.json"
    path.write_text(json.dumps(wire), encoding="utf-8")
    for told in _compared(pairs(MUTATED), path):
        assert expected <= {one.rule for one in told.findings}, mutant.name
