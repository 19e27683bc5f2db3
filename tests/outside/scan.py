"""Runs checkov over the resolved plans of the stacks: `python -m tests.outside.scan CHECKOV`, or `make checkov`.

Owns how checkov is started (offline, one process a plan), what counts as a scan that saw everything, and what is said
of the result. What is accepted is in `checkov-waivers.yaml`; what must be found, in `canary.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from serving.preview.plan import Plan
from serving.preview.terraform import to_terraform, write_terraform
from tests.outside import canary
from tests.outside.kubernetes import for_scanner, known_kinds
from tests.outside.resolved import PLANS, ROOT, resolved_plan
from tests.outside.waivers import Comparison, Failure, compare, read_waivers

_FOLDER = ROOT / ".cache" / "outside"
_REPORT = ("--output", "json", "--quiet", "--compact", "--skip-download")
_ARGUMENTS = ("--framework", "terraform_plan", *_REPORT)
_OBJECT_ARGUMENTS = ("--framework", "kubernetes", *_REPORT)
# What is unknown in a plan counts as given; only resolved plans are scanned, but secrets stay unknown in them too.
_SETTINGS = {"LOG_LEVEL": "ERROR", "EVAL_TF_PLAN_AFTER_UNKNOWN": "true", "CHECKOV_RENDER_MAX_LEN": "0"}
_WITH_PODS = frozenset({"DaemonSet", "Deployment", "Job", "StatefulSet"})
_MOST_ENTITIES = 100  # a check that names more types than this looks for something in passing, as for a wildcard


@dataclass(frozen=True, slots=True)
class Scan:
    """What checkov said of one plan.

    Attributes:
        stack: The stack's name.
        types: Resources by Terraform type.
        seen: Resources that checkov read.
        passed: How many checks passed.
        failures: Checks that failed.
    """

    stack: str
    types: Mapping[str, int]
    seen: int
    passed: int
    failures: Sequence[Failure]

    @property
    def is_whole(self) -> bool:
        """Whether checkov read every resource."""
        return self.seen == sum(self.types.values())


def scan(checkov: Path, plan: Plan, stack: str) -> Scan:
    """Let checkov judge one plan."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    file = _FOLDER / f"{stack}.tf.json"
    write_terraform(plan, file)
    resources = to_terraform(plan)["planned_values"]["root_module"]["resources"]
    return _scan([str(checkov), *_ARGUMENTS, "--file", str(file)], stack, (entry["type"] for entry in resources))


def scan_objects(checkov: Path, objects: Sequence[Mapping[str, Any]], stack: str, cluster: str) -> Scan:
    """Let checkov judge the Kubernetes objects of one cluster."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    file = _FOLDER / f"{stack}-{cluster}.yaml"
    file.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
    kinds = [str(one["kind"]) for one in objects]
    pods = ["Pod" for kind in kinds if kind in _WITH_PODS]  # counted once more, by itself
    return _scan([str(checkov), *_OBJECT_ARGUMENTS, "--file", str(file)], stack, [*kinds, *pods])


def _scan(command: Sequence[str], stack: str, types: Iterable[str]) -> Scan:
    result = subprocess.run(command, env=os.environ | _SETTINGS, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(result.stdout)
        summary, results = report["summary"], report["results"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise SystemExit(
            f"checkov gave no report on {stack}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
        ) from error
    return Scan(
        stack=stack,
        types=Counter(types),
        seen=0 if summary["parsing_errors"] else summary["resource_count"],
        passed=summary["passed"],
        failures=[
            Failure(stack, entry["check_id"], entry["resource"], entry["check_name"])
            for entry in results["failed_checks"]
        ],
    )


def checked_types(listing: Iterable[str]) -> frozenset[str]:
    """The resource types that some check of `checkov --list` is about."""
    rows = [[cell.strip() for cell in line.split("|")] for line in listing if line.startswith("|")]
    pairs = {(row[2], row[4]) for row in rows if len(row) > 4 and row[4].startswith("aws_")}
    entities = Counter(check for check, _ in pairs)
    return frozenset(entity for check, entity in pairs if entities[check] <= _MOST_ENTITIES)


def problems(scans: Sequence[Scan], found: Comparison, bird: Scan) -> Iterator[str]:
    """All that must not be."""
    for one in (*scans, bird):
        if not one.is_whole:
            yield f"{one.stack}: checkov read {one.seen} of {sum(one.types.values())} resources"
    failed = {(failure.check, failure.resource) for failure in bird.failures}
    for check, address in sorted(canary.MUST_FAIL - failed):
        yield f"canary: {check} does not fail on {address}; the translation hides it"
    for check, address in sorted(canary.MUST_PASS & failed):
        yield f"canary: {check} fails on {address}; the translation hides what it needs"
    for failure in found.open:
        yield f"{failure.stack}: {failure.check} {failure.resource}: {failure.name}"
    for waiver in found.unused:
        yield f"waiver without a failure, to be removed: {waiver.check} {waiver.resource}"


def problems_of_objects(scans: Sequence[Scan], bird: Scan) -> Iterator[str]:
    """All that must not be with the objects of clusters, beyond failures that no waiver accepts."""
    for one in (*scans, bird):
        if not one.is_whole:
            yield f"{one.stack}: checkov read {one.seen} of {sum(one.types.values())} Kubernetes objects"
    failed = {(failure.check, failure.resource) for failure in bird.failures}
    for check, address in sorted(canary.OBJECTS_MUST_FAIL - failed):
        yield f"canary: {check} does not fail on {address}; the translation hides it"


def _objects() -> Iterator[tuple[list[Mapping[str, Any]], str, str]]:
    """The objects of each cluster of each stack."""
    for stack in PLANS:
        for cluster, objects in for_scanner(resolved_plan(stack)).items():
            yield objects, stack, cluster


def _bad_objects() -> tuple[list[Mapping[str, Any]], str, str]:
    return [shown for one in canary.OBJECTS for shown in known_kinds(one)], canary.STACK, "cluster"


def report(scans: Sequence[Scan], found: Comparison, listing: Iterable[str]) -> Iterator[str]:
    """What is said whether or not something is wrong."""
    for one in scans:
        yield f"{one.stack}: {one.seen} resources, {one.passed} checks passed, {len(one.failures)} failed"
    yield f"{len(found.waived)} of the failures are waived"
    types = {name for one in scans for name in one.types}
    blank = sorted(types - checked_types(listing))
    yield f"{len(blank)} of {len(types)} resource types are the subject of no check: {' '.join(blank)}"


def main(checkov: Path) -> int:
    """Scan, compare, tell."""
    plans = [(resolved_plan(stack), stack) for stack in PLANS] + [(canary.canary(), canary.STACK)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        *scans, bird = pool.map(lambda job: scan(checkov, *job), plans)
        of_clusters = list(pool.map(lambda job: scan_objects(checkov, *job), [*_objects(), _bad_objects()]))
    both = [*scans, *of_clusters[:-1]]
    found = compare((failure for one in both for failure in one.failures), read_waivers())
    listing = (checkov.parent.parent / "checks.txt").read_text(encoding="utf-8").splitlines()
    wrong = [*problems(scans, found, bird), *problems_of_objects(of_clusters[:-1], of_clusters[-1])]
    lines = [
        *(f"{one.stack}, Kubernetes: {one.seen} objects, {one.passed} checks passed" for one in of_clusters[:-1]),
        *report(scans, found, listing),
        *(f"wrong: {line}" for line in wrong),
        f"checkov: {len(wrong)} problems",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
