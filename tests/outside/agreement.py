"""Holds the policy pack against checkov: `python -m tests.outside.agreement CHECKOV`, or `make checkov`.

Owns the comparison on the mutants of `tests.policies.mutation`: where checkov has the same rule, both find a fault or
neither does. Which rules are the same, and where they differ for a reason, is in `same.py`. All mutants are put into
one plan as copies beside the originals, each with copies of what configures it, so that checkov starts twice in all.

A check counts as failed on a mutant if it fails on a copy and not on its original.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from serving.preview.manifests import planned_objects
from serving.preview.plan import Plan, PlanResource
from tests.outside.kubernetes import in_its_cluster, known_kinds
from tests.outside.resolved import resolved_plan
from tests.outside.same import DIFFERENCES, SAME
from tests.outside.scan import Scan, scan, scan_objects
from tests.policies.mutation.fault import Mutant, mutants_of
from tests.policies.mutation.faults import all_faults
from tests.policies.mutation.judging import Judging
from tests.policies.mutation.recorded import Entry, clean
from tests.policies.mutation.score import named

_STACK = "mutants"
_COPY = re.compile(r"-mutant-(\d+)")
# What others configure, by resources of their own: a copy of it needs copies of those.
_OWNERS = frozenset(
    {
        "aws:ec2/vpc:Vpc",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:s3/bucket:Bucket",
        "aws:wafv2/webAcl:WebAcl",
    }
)
_LIVES_IN_A_NETWORK = re.compile(r"aws:ec2/(?!vpc:|defaultSecurityGroup:|flowLog:)")  # and does not configure it


@dataclass(slots=True)
class Case:
    """One mutant, and who found it.

    Attributes:
        number: By which its copies are known.
        mutant: The fault and where.
        found: The pack's rules that found it.
        failed: The checks that fail on a copy and not on the original.
        shown: Whether checkov is shown it. It is not where a resource is gone that configures no other, where one was
            added, and where the stack lacks the resource and the mutants brought their own.
    """

    number: int
    mutant: Mutant
    found: frozenset[str]
    failed: set[str] = field(default_factory=set)
    shown: bool = False


@dataclass(slots=True)
class Agreement:
    """What came out.

    Attributes:
        both: Pairs of rule and mutant that both found.
        agreed: (rule, check) -> on how many mutants both came to the same, and found it.
        ours: (rule, fault, type) -> where the pack alone found it.
        theirs: The same where checkov alone did.
    """

    both: int = 0
    agreed: Counter[tuple[str, str]] = field(default_factory=Counter)
    ours: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    theirs: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """All that must not be."""
        for (rule, fault, token), places in sorted(self.theirs.items()):
            yield f"{rule}, {fault}, {token}: only checkov finds it on {_shown(places)}"
        yield from self._without_one_reason()
        yield from self._idle_reasons()
        for rule, checks in SAME.items():
            for check in checks:
                if (rule, check) not in self.agreed:
                    yield f"{check} fails on no mutant that {rule} finds: it proves nothing here"

    def _without_one_reason(self) -> Iterator[str]:
        for (rule, fault, token), places in sorted(self.ours.items()):
            reasons = sum(one.covers(rule, fault, token) for one in DIFFERENCES)
            if reasons != 1:
                yield f"{rule}, {fault}, {token}: only the pack finds it on {_shown(places)}; reasons given: {reasons}"

    def _idle_reasons(self) -> Iterator[str]:
        for one in DIFFERENCES:
            for rule, faults in one.faults.items():
                for fault in faults:
                    if not any(key[:2] == (rule, fault) and one.covers(*key) for key in self.ours):
                        yield f"a reason without a difference: {rule}, {fault}: {one.reason}"


def cases() -> list[Case]:
    """The mutants that a rule with a twin finds, or should, and those that no rule finds."""
    judging = Judging(clean())
    found: list[Case] = []
    for fault in all_faults():
        if not (fault.survives or SAME.keys() & set(fault.expected_anywhere)):
            continue
        for mutant in mutants_of(fault, judging.entries):
            # `protect` is an option of the engine's, of which no scanner knows
            if mutant.place != "protect" and not _is_added(mutant):
                rules = named(judging.judge(mutant.changes))
                found.append(Case(len(found), mutant, rules))
    return found


def _is_added(mutant: Mutant) -> bool:
    return mutant.changed is not None and mutant.changed.urn != mutant.clean.urn


def mutated(plan: Plan, cases: Sequence[Case]) -> Plan:
    """The AWS part of the plan with copies for every mutant."""
    by_urn = {one.urn: one for one in plan.resources}
    families = _families(plan)
    copies: list[PlanResource] = []
    for case in cases:
        original = by_urn.get(case.mutant.clean.urn)
        if original is not None and original.type.startswith("aws:"):
            made = list(_copies(case, original, by_urn, families))
            case.shown = bool(made)
            copies += made
    return replace(plan, resources=(*plan.resources, *copies))


def _families(plan: Plan) -> dict[str, list[PlanResource]]:
    """Owner -> what configures it."""
    types = {one.urn: one.type for one in plan.resources}
    found: dict[str, list[PlanResource]] = {}
    for one in plan.resources:
        for urns in one.property_dependencies.values():
            for urn in urns:
                if types.get(urn) in _OWNERS:
                    found.setdefault(urn, []).append(one)
    return found


def _copies(
    case: Case, original: PlanResource, by_urn: Mapping[str, PlanResource], families: Mapping[str, list[PlanResource]]
) -> Iterator[PlanResource]:
    owner = original if original.type in _OWNERS else _owner(original, by_urn)
    family = [original] if owner is None else [owner, *families.get(owner.urn, ())]
    family = list({one.urn: one for one in family}.values())
    suffix = f"-mutant-{case.number}"
    copied = {one.urn: f"{one.urn}{suffix}" for one in family}
    changed = _changed(case.mutant, original)
    for one in family:
        inputs = changed if one is original else one.inputs
        if inputs is not None:
            yield replace(
                one,
                urn=copied[one.urn],
                name=f"{one.name}{suffix}",
                inputs=_renamed(inputs, owner, suffix),
                property_dependencies={
                    key: tuple(copied.get(urn, urn) for urn in urns) for key, urns in one.property_dependencies.items()
                },
            )


def _owner(one: PlanResource, by_urn: Mapping[str, PlanResource]) -> PlanResource | None:
    if _LIVES_IN_A_NETWORK.match(one.type):
        return None
    urns = (urn for urns in one.property_dependencies.values() for urn in urns)
    return next((by_urn[urn] for urn in urns if urn in by_urn and by_urn[urn].type in _OWNERS), None)


def _renamed(inputs: Mapping[str, Any], owner: PlanResource | None, suffix: str) -> Mapping[str, Any]:
    """The owner's stated name, in all that names it."""
    name = owner.inputs.get("bucket") if owner is not None else None
    if not isinstance(name, str):
        return inputs
    written = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", f"{name}{suffix}", json.dumps(dict(inputs)))
    renamed: dict[str, Any] = json.loads(written)
    return renamed


def _changed(mutant: Mutant, original: PlanResource) -> Mapping[str, Any] | None:
    """The inputs with the same fault at the same place; None where the fault takes the resource away."""
    entry = Entry(original.type, original.urn, original.name, dict(original.inputs), protect=True)
    for place, changed in mutant.fault.change(entry):
        if place == mutant.place:
            return changed.properties if changed is not None else None
    raise LookupError(f"{mutant.name}: there is no such place in the resolved plan")


def mutated_objects(plan: Plan, cases: Sequence[Case]) -> list[Mapping[str, Any]]:
    """The objects of the clusters, and a copy for each mutant, in kinds that checkov knows."""
    by_urn = {one.urn: one for one in plan.resources}
    objects = {one.urn: one for one in planned_objects(plan)}
    manifests = [in_its_cluster(one.manifest, one.cluster) for one in objects.values()]
    for case in cases:
        urn = case.mutant.clean.urn
        if urn in objects and case.mutant.changed is not None:
            changed = _changed(case.mutant, by_urn[urn]) or {}
            manifests.append(in_its_cluster(changed, objects[urn].cluster, f"-mutant-{case.number}"))
            case.shown = True
    return [shown for manifest in manifests for shown in known_kinds(manifest)]


def blame(cases: Sequence[Case], scans: Sequence[Scan]) -> None:
    """Note on every case the checks that fail on its copies alone."""
    failures = [(failure.check, failure.resource) for one in scans for failure in one.failures]
    originals = {(check, address) for check, address in failures if not _COPY.search(address)}
    for check, address in failures:
        copy = _COPY.search(address)
        if copy and (check, _COPY.sub("", address)) not in originals:
            cases[int(copy[1])].failed.add(check)


def compare(cases: Sequence[Case]) -> Agreement:
    """Hold what the pack found against what checkov did, rule by rule."""
    result = Agreement()
    for case in (case for case in cases if case.shown):
        for rule, checks in SAME.items():
            ours, theirs = rule in case.found, bool(case.failed & set(checks))
            if ours and theirs:
                result.agreed.update((rule, check) for check in case.failed & set(checks))
                result.both += 1
            elif ours or theirs:
                alone = result.ours if ours else result.theirs
                key = (rule, case.mutant.fault.name, case.mutant.clean.type)
                alone.setdefault(key, []).append(case.mutant.where)
    return result


def _shown(places: Sequence[str]) -> str:
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def lines(cases: Sequence[Case], scans: Sequence[Scan], found: Agreement) -> Iterator[str]:
    """What is said whether or not something is wrong."""
    checks = {check for rule_checks in SAME.values() for check in rule_checks}
    shown = sum(1 for case in cases if case.shown)
    yield (
        f"{shown} mutants, {len(SAME)} rules, {len(checks)} checks of checkov's on {sum(one.seen for one in scans):,} "
        f"resources; {len(cases) - shown} more mutants cannot be shown to it"
    )
    yield f"both find {found.both}; checkov alone {_count(found.theirs)}, the pack alone {_count(found.ours)}:"
    for one in DIFFERENCES:
        number = _count({key: places for key, places in found.ours.items() if one.covers(*key)})
        yield f"  {number:3} {', '.join(one.faults)}: {one.reason}"


def _count(places: Mapping[tuple[str, str, str], Sequence[str]]) -> int:
    return sum(map(len, places.values()))


def main(checkov: Path) -> int:
    """Scan, compare, tell."""
    plan = resolved_plan("prod")
    tried = cases()
    with ThreadPoolExecutor(max_workers=2) as pool:
        of_aws = pool.submit(scan, checkov, mutated(plan, tried), _STACK)
        of_objects = pool.submit(scan_objects, checkov, mutated_objects(plan, tried), _STACK, "cluster")
        scans = [of_aws.result(), of_objects.result()]
    blame(tried, scans)
    found = compare(tried)
    wrong = [f"{one.stack}: checkov did not read every resource" for one in scans if not one.is_whole]
    wrong += found.problems()
    told = [*lines(tried, scans, found), *(f"wrong: {line}" for line in wrong), f"agreement: {len(wrong)} problems"]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
