"""What the policy pack costs, in CPU time, by size and beside checkov.

    python benchmarks/policies.py [--stack prod] [--copies 4] [--rounds 3] [--checkov .cache/checkov/bin/checkov]

Owns three measurements over the resources of one stack, registered several times over (each copy is a stack of its
own: its resources refer to each other, not to those of another copy). They are printed with the claims that they carry:

1. What judging a resource costs, over one, two and four copies, once the process has judged: the cost is linear.
2. What each rule costs, per resource of the whole stack; the slowest are shown.
3. The pack beside checkov on the same resources, from the start of a process to its verdict, read from a file: the pack
   answers the requests of an engine; checkov takes a process for the AWS part, as a Terraform plan, and one for the
   Kubernetes part, as manifests. What the pack costs when an engine asks it over gRPC is told beside it.

The exit code is 1 if a claim does not hold here.
"""

from __future__ import annotations

import argparse
import compileall
import gc
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2, json_format, struct_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import analyzer_pb2 as proto

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run by path: the folder of this file is on the path, the project is not

from benchmarks import judging  # noqa: E402
from benchmarks.measuring import Children, claim  # noqa: E402
from policies.alerts import RULE_GROUPS  # noqa: E402
from policies.judge import Judge  # noqa: E402
from policies.levels import Settings, resolve  # noqa: E402
from policies.pack import RULES  # noqa: E402
from policies.rule import Rule  # noqa: E402
from policies.server import Analyzer  # noqa: E402
from policies.tokens import NAMESPACE  # noqa: E402
from policies.views import Resource  # noqa: E402
from policies.wire import resource_of, stack_resource_of  # noqa: E402
from serving.preview.build import build_plan  # noqa: E402
from serving.preview.plan import Plan  # noqa: E402
from serving.preview.policy_driver import PolicyPack, Requests, reconcile  # noqa: E402
from serving.preview.project import Project, StackConfig, load_project, load_stack_config  # noqa: E402
from serving.preview.recording import Recording, Registration  # noqa: E402
from serving.preview.runner import run_program  # noqa: E402

MOST_UNEVEN = 0.25
"""How much more a resource may cost among four times as many; the rest is caches of the machine."""
LEAST_FASTER = 20
"""On an idle machine, where 22.9 was measured on 2026-11-26; beside other work between 16 and 25."""
SHOWN = 12
Views = tuple[list[Resource], list[Resource]]
"""All resources alone, and all of them as a stack."""


def main() -> int:
    """Measure, print, judge."""
    arguments = _arguments()
    project = load_project(ROOT)
    config = load_stack_config(project, arguments.stack)
    once = run_program(project, config)
    settings = resolve(RULES, dict(config.values))
    sizes = [1, 2, arguments.copies]
    recordings = {copies: multiplied(once, copies) for copies in sizes}
    level = _by_size(recordings, settings, arguments.rounds)
    _by_rule(recordings[arguments.copies], settings)
    faster = _against_checkov(project, config, recordings[arguments.copies], arguments.checkov, arguments.rounds)
    return 0 if level and faster else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the policy pack.")
    parser.add_argument("--stack", default="prod")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checkov", type=Path, default=ROOT / ".cache" / "checkov" / "bin" / "checkov")
    return parser.parse_args()


def multiplied(recording: Recording, copies: int) -> Recording:
    """The recording as if its program had registered everything several times, each time under other names."""
    registrations = list(recording.registrations)
    outputs = dict(recording.outputs)
    for number in range(1, copies):
        rename = _Renaming(recording, number)
        registrations += [rename.registration(one) for one in recording.registrations]
        outputs |= {rename.text(urn): rename.message(struct) for urn, struct in recording.outputs.items()}
    return Recording(
        project=recording.project,
        stack=recording.stack,
        config=recording.config,
        registrations=tuple(registrations),
        duplicates=(),
        outputs=outputs,
        messages=(),
        lookups=(),
        transforms=0,
    )


def _namespaces(recording: Recording) -> set[str]:
    found = (one.inputs for one in recording.registrations if one.type == NAMESPACE)
    return {str(json_format.MessageToDict(inputs)["metadata"]["name"]) for inputs in found}


class _Renaming:
    """Gives a copy names of its own: logical ones, which make the URNs, and physical ones, which bind companions."""

    def __init__(self, recording: Recording, number: int) -> None:
        self._same = {one.urn: f"{one.urn}-{number}" for one in recording.registrations}
        self._same |= {name: f"{name}-{number}" for name in _namespaces(recording)}
        self._physical = re.compile(rf"\b{re.escape(recording.stack)}(?=[-/])")
        self._prefix = f"{recording.stack}{number}"
        self._number = number

    def registration(self, one: Registration) -> Registration:
        """The same registration in the copy."""
        request = self.message(one.request)
        inputs = self.message(one.inputs)
        if one.type == RULE_GROUPS:  # another stack's rules differ, and are read again
            for struct in (inputs, request.object):
                struct["data"] += f"# {self._number}\n"
        request.name = f"{one.name}-{self._number}"
        if request.DESCRIPTOR.name == "RegisterResourceRequest":
            self._rewire(request)
        return Registration(
            urn=self.text(one.urn),
            type=one.type,
            name=f"{one.name}-{self._number}",
            kind=one.kind,
            parent=self.text(one.parent),
            inputs=inputs,
            request=request,
        )

    def _rewire(self, request: Any) -> None:  # noqa: ANN401
        request.parent = self.text(request.parent)
        urn, _, identifier = request.provider.rpartition("::")
        request.provider = f"{self.text(urn)}::{identifier}" if urn else ""
        request.dependencies[:] = [self.text(urn) for urn in request.dependencies]
        for entry in request.propertyDependencies.values():
            entry.urns[:] = [self.text(urn) for urn in entry.urns]

    def text(self, text: str) -> str:
        """A URN, or any other text, in the copy."""
        return self._same.get(text) or self._physical.sub(self._prefix, text)

    def message(self, message: Message) -> Any:  # noqa: ANN401
        """A copy of a message, its texts renamed where it holds properties."""
        made = type(message)()
        made.CopyFrom(message)
        self._rename(made if isinstance(made, struct_pb2.Struct) else getattr(made, "object", struct_pb2.Struct()))
        return made

    def _rename(self, struct: struct_pb2.Struct) -> None:
        for value in struct.fields.values():
            self._rename_value(value)

    def _rename_value(self, value: struct_pb2.Value) -> None:
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            value.string_value = self.text(value.string_value)
        elif kind == "struct_value":
            self._rename(value.struct_value)
        elif kind == "list_value":
            for element in value.list_value.values:
                self._rename_value(element)


def _views(recording: Recording) -> Views:
    """Fresh views of all resources, decoded: what reading costs is measured with the process."""
    requests = Requests(recording)
    alone = [resource_of(request) for request in requests.of_resources()]
    stack = [stack_resource_of(one) for one in requests.of_stack().resources]
    return _decoded(alone), _decoded(stack)


def _decoded(views: Iterable[Resource]) -> list[Resource]:
    return [_renewed(view) for view in views]


def _renewed(view: Resource) -> Resource:
    """The same, decoded, and without what a judgement left in it."""
    properties = view.properties.raw
    return Resource(
        view.type,
        view.urn,
        view.name,
        lambda: properties,
        protect=view.protect,
        ignore_changes=view.ignore_changes,
        provider=view.provider,
        dependencies=view.dependencies,
        property_dependencies=view.property_dependencies,
    )


def _again(views: Views) -> Views:
    alone, stack = views
    return _decoded(alone), _decoded(stack)


def _judged(rules: Iterable[Rule[Any]], settings: Settings, views: Views) -> tuple[float, int]:
    """Seconds of CPU time to judge all of a stack, and how much was found."""
    alone, stack = views
    gc.collect()
    begun = time.process_time()
    judge = Judge(rules, settings, judging.TODAY)
    found = sum(len(judge.judge_resource(one)) for one in alone)
    found += len(judge.judge_stack(stack))
    return time.process_time() - begun, found


def _by_size(recordings: dict[int, Recording], settings: Settings, rounds: int) -> bool:
    print(f"{len(RULES)} rules, by size")
    costs = []
    for recording in recordings.values():
        count = len(recording.registrations)
        # new views each time: what a judgement left in them must not make the next one cheaper
        seconds, found = min(_judged(RULES, settings, _views(recording)) for _ in range(rounds))
        costs.append(seconds / count)
        each = 1e6 * seconds / count / len(RULES)
        print(f"  {count:5,} resources  {seconds:6.2f} s  {each:5.2f} µs a rule and resource, {found} findings")
    more = costs[-1] / costs[0] - 1
    return claim(more <= MOST_UNEVEN, f"a resource costs at most {MOST_UNEVEN:.0%} more among many: {more:+.0%}")


def _by_rule(recording: Recording, settings: Settings) -> None:
    views = _views(recording)
    count = len(recording.registrations)
    costs = sorted(((_judged([rule], settings, _again(views))[0], rule.id) for rule in RULES), reverse=True)
    print(f"by rule, over {count:,} resources; what several rules share is counted with each")
    for seconds, rule in costs[:SHOWN]:
        print(f"  {rule:32} {1e3 * seconds:7.1f} ms  {1e6 * seconds / count:6.2f} µs a resource")
    print(f"  the other {len(costs) - SHOWN}: {1e3 * sum(seconds for seconds, _ in costs[SHOWN:]):.1f} ms together")


def _against_checkov(project: Project, config: StackConfig, recording: Recording, checkov: Path, rounds: int) -> bool:
    if not checkov.exists():
        return claim(holds=False, text=f"checkov is not at {checkov}; `make checkov` installs it")
    from tests.outside.scan import scan, scan_objects

    plan, redact = build_plan(recording, project.root, config.secret_keys)
    for package in ("policies", "serving"):
        compileall.compile_dir(ROOT / package, quiet=1)  # as checkov was when it was installed
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests.pickle"
        _write_requests(recording, config, file)
        # before and after: a busy machine is slower at one time than at another, and checkov takes a minute
        before = [_judging(file) for _ in range(rounds)]
        with Children() as theirs:
            of_aws = scan(checkov, plan, "benchmark")
            of_kubernetes = scan_objects(checkov, list(_objects(plan)), "benchmark", "clusters")
        ours = [*before, *(_judging(file) for _ in range(rounds))]
    with Children() as asked, PolicyPack(ROOT / "policies", project, config) as pack:
        judgement = pack.judge(recording, redact)
    mean = statistics.fmean(seconds for seconds, _ in ours)
    seen = f"{of_aws.seen:,} AWS resources and {of_kubernetes.seen:,} objects"
    print(f"from start to verdict, over {len(recording.registrations):,} resources, CPU time")
    print(f"  the pack            {mean:7.2f} s  {ours[0][1]}, {_kinds(plan)}; the mean of {len(ours)}")
    print(f"  the pack over gRPC  {asked.seconds:7.2f} s  {judgement.policies} rules")
    print(f"  checkov             {theirs.seconds:7.2f} s  {seen} read")
    ratio, wired = theirs.seconds / mean, theirs.seconds / asked.seconds
    return claim(
        ratio >= LEAST_FASTER,
        f"the pack is at least {LEAST_FASTER} times faster: {ratio:.1f} times; over gRPC {wired:.1f} times",
    )


def _judging(file: Path) -> tuple[float, str]:
    """Seconds of a process of its own that judges what is asked in the file, and what it says."""
    with Children() as process:
        told = subprocess.run([sys.executable, judging.__file__, file], check=True, capture_output=True, text=True)
    return process.seconds, told.stdout.strip()


def _write_requests(recording: Recording, config: StackConfig, file: Path) -> None:
    requests = Requests(recording)
    analyzer = Analyzer(RULES, config.values, "", lambda: judging.TODAY)
    policies = reconcile(analyzer.GetAnalyzerInfo(empty_pb2.Empty(), None), {})
    configured = proto.ConfigureAnalyzerRequest(policyConfig=policies).SerializeToString()
    singles = [one.SerializeToString() for one in requests.of_resources()]
    stack = requests.of_stack().SerializeToString()
    file.write_bytes(pickle.dumps((dict(config.values), configured, singles, stack)))


def _objects(plan: Plan) -> Iterator[Mapping[str, Any]]:
    """The objects of all clusters."""
    from tests.outside.kubernetes import for_scanner, in_its_cluster

    for cluster, objects in for_scanner(plan).items():
        yield from (in_its_cluster(one, cluster) for one in objects)


def _kinds(plan: Plan) -> str:
    aws = sum(1 for one in plan.resources if one.type.startswith("aws:"))
    objects = sum(1 for one in plan.resources if one.type.startswith("kubernetes:"))
    return f"{aws:,} AWS resources and {objects:,} objects judged"


if __name__ == "__main__":
    sys.exit(main())
