"""What the embedded preview costs, in CPU time, beside the SDK's stock mock monitor.

    python benchmarks/preview.py [--stack prod] [--rounds 5]

Owns three measurements, printed with the claims that they carry:

1. The whole embedded preview of a stack (one process from start to end, result included) against a flat
   program that makes the same registrations with the same inputs under the stock mock monitor (the same). The
   two take turns, and the least of each counts: what disturbs a measurement only ever adds to it. The policies
   are measured apart, since a flat program has none.
2. What one resource costs, in time and memory, from 200 to 4,000 resources.
3. What it takes to say `serving --help` and to check the blueprints.

The exit code is 1 if a claim does not hold here.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run by path: the folder of this file is on the path, the project is not

from benchmarks.measuring import Children, claim  # noqa: E402

MOST_OF_STOCK = 0.7
MOST_UNEVEN = 0.15
SIZES = (200, 500, 1_000, 2_000, 4_000)
_SCALE = ROOT / "benchmarks" / "scale"
_FLAT = ROOT / "benchmarks" / "flat.py"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took, its own children included."""

    cpu_seconds: float
    peak_bytes: int


def main() -> int:
    """Measure, print, judge."""
    arguments = _arguments()
    if arguments.record:
        _record(Path(arguments.record), arguments.project, arguments.stack)
        return 0
    if arguments.scale:
        _measure_scale(arguments.scale)
        return 0
    held = [
        _against_stock(arguments.project, arguments.stack, arguments.rounds),
        _by_size(arguments.rounds),
        _start_up(arguments.project, arguments.rounds),
    ]
    return 0 if all(held) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the embedded preview.")
    parser.add_argument("--stack", default="prod")
    parser.add_argument("--project", type=Path, default=ROOT)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _against_stock(project: Path, stack: str, rounds: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="serving-benchmark-") as folder:
        recorded = Path(folder, "registrations.json")
        _run([sys.argv[0], "--record", str(recorded), "--stack", stack, "--project", str(project)])
        count = len(json.loads(recorded.read_text(encoding="utf-8"))["entries"])
        preview = ["-m", "serving", "preview", "--stack", stack, "--project", str(project)]
        preview += ["--out", str(Path(folder, "plan.json"))]
        different = _verify(recorded, Path(folder, "again"))
        flat, bare, judged = _take_turns([[str(_FLAT), str(recorded)], [*preview, "--no-policies"], preview], rounds)
    ratio = bare / flat
    print(f"stack {stack}: {count:,} registrations, {different} of them different in the flat program")
    print(f"  flat program, stock mock monitor   {flat:7.2f} s  {_per_resource(flat, count)}")
    print(f"  embedded preview, whole            {bare:7.2f} s  {_per_resource(bare, count)}  {ratio:.2f} of stock")
    print(f"  the same with the policies         {judged:7.2f} s  {judged - bare:.2f} s for the policies")
    return claim(ratio <= MOST_OF_STOCK, f"the embedded preview takes at most {MOST_OF_STOCK} of stock: {ratio:.2f}")


def _per_resource(seconds: float, count: int) -> str:
    return f"{1e3 * seconds / count:5.2f} ms a resource"


def _by_size(rounds: int) -> bool:
    print("cost by size")
    measured = [_at_size(size, rounds) for size in SIZES]
    for size, (milliseconds, kilobytes) in zip(SIZES, measured, strict=True):
        print(f"  {size:5,} resources  {milliseconds:5.2f} ms and {kilobytes:5.1f} kB a resource")
    uneven = [_unevenness([entry[column] for entry in measured]) for column in (0, 1)]
    return claim(
        max(uneven) <= MOST_UNEVEN,
        f"time and memory a resource stay within {MOST_UNEVEN:.0%}: {uneven[0]:.0%} and {uneven[1]:.0%}",
    )


def _unevenness(values: Sequence[float]) -> float:
    """The largest distance from the middle, as a share of it."""
    middle = statistics.median(values)
    return max(abs(value - middle) for value in values) / middle


def _at_size(size: int, rounds: int) -> tuple[float, float]:
    """Milliseconds and kilobytes a resource, the least of some rounds: more of them where one is over soon."""
    found = []
    for _ in range(rounds * max(1, 1_000 // size)):
        out = _run([sys.argv[0], "--scale", str(size)]).stdout
        found.append(json.loads(out))
    return min(entry[0] for entry in found), min(entry[1] for entry in found)


def _measure_scale(size: int) -> None:
    """Preview once small, so that everything is imported, then at the size; print what the latter took."""
    from serving.preview.plan import to_json
    from serving.preview.session import Request, preview

    gc.disable()
    os.environ["SCALE_RESOURCES"] = "20"
    preview(Request(_SCALE, "many"))
    os.environ["SCALE_RESOURCES"] = str(size)
    peak, start = _peak_bytes(), time.process_time()
    to_json(preview(Request(_SCALE, "many")))
    seconds = time.process_time() - start
    print(json.dumps([1e3 * seconds / size, (_peak_bytes() - peak) / size / 1e3]))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _start_up(project: Path, rounds: int) -> bool:
    commands = [["-m", "serving", "--help"], ["-m", "serving", "check", str(project / "blueprints")], ["-c", ""]]
    helped, checked, nothing = _take_turns(commands, rounds)
    print("start-up")
    print(f"  serving --help  {helped:.2f} s, serving check  {checked:.2f} s, Python alone {nothing:.2f} s")
    return True


def _take_turns(commands: Sequence[Sequence[str]], rounds: int) -> list[float]:
    """The least CPU time of each command."""
    costs: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for command, cost in zip(commands, costs, strict=True):
            cost.append(_cpu_seconds(command))
    return [min(cost) for cost in costs]


def _cpu_seconds(command: Sequence[str]) -> float:
    with Children() as spent:
        _run(command)
    return spent.seconds


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:  # 1: a policy is violated, which costs the same
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done


def _environment() -> dict[str, str]:
    """Both sides may keep their compiled modules, as an installation does."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT)}


def _record(path: Path, project: Path, stack: str) -> None:
    """Write the registrations of a stack, with the SDK's class of each."""
    import pulumi

    from serving.preview.plan import to_document
    from serving.preview.session import Request, preview

    classes: dict[str, str] = {}
    make = pulumi.Resource.__init__

    def noting(self: pulumi.Resource, t: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        classes.setdefault(t, f"{type(self).__module__}.{type(self).__qualname__}")
        make(self, t, *args, **kwargs)

    pulumi.Resource.__init__ = noting  # type: ignore[method-assign]
    plan = preview(Request(project, stack))
    document = to_document(plan)
    order = {urn: rank for rank, urn in enumerate(_parents_and_sources_first(document["resources"]))}
    entries = sorted(document["resources"], key=lambda entry: order[entry["urn"]])
    for entry in entries:
        entry["class"] = classes.get(entry["type"], "")
    path.write_text(json.dumps({"project": plan.project, "stack": stack, "entries": entries}), encoding="utf-8")


def _parents_and_sources_first(entries: Sequence[dict[str, Any]]) -> list[str]:
    """URNs in an order in which everything that a resource names comes before it."""
    from graphlib import TopologicalSorter

    named = {entry["urn"]: {urn for urn in _named(entry) if urn} for entry in entries}
    return list(TopologicalSorter(named).static_order())


def _named(entry: dict[str, Any]) -> list[str]:
    options = entry["options"]
    providers = options.get("providers", {}).values()
    return [entry["parent"], entry["provider"], options.get("deletedWith", ""), *providers, *entry["dependencies"]]


def _verify(recorded: Path, folder: Path) -> int:
    """How many resources differ when the flat program runs under the recording monitor."""
    from serving.preview.diff import compare
    from serving.preview.plan import PlanResource, from_document, read_plan

    document = json.loads(recorded.read_text(encoding="utf-8"))
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(f"name: {document['project']}\nruntime: python\n", encoding="utf-8")
    (folder / f"Pulumi.{document['stack']}.yaml").write_text("config: {}\n", encoding="utf-8")
    (folder / "__main__.py").write_text(
        "import json\nfrom pathlib import Path\nfrom benchmarks.flat import Flat\n"
        f"Flat(json.loads(Path({str(recorded)!r}).read_text())['entries']).build()\n",
        encoding="utf-8",
    )
    saved = folder / "plan.json"
    _run(
        [
            "-m",
            "serving",
            "preview",
            "--no-policies",
            "--stack",
            document["stack"],
            "--project",
            str(folder),
            "--out",
            str(saved),
        ]
    )
    again = read_plan(saved)
    fields = set(PlanResource.__slots__)
    entries = [{k: v for k, v in entry.items() if k in fields} for entry in document["entries"]]
    first = from_document(
        json.loads(saved.read_text(encoding="utf-8"))
        | {"resources": sorted(entries, key=lambda e: e["urn"]), "outputs": {}},
        recorded,
    )
    return len(compare(first, again, "the recorded run").resources)


if __name__ == "__main__":
    sys.exit(main())
