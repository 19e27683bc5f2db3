"""The Kubernetes part of a plan as manifests: a folder a cluster, a file an object, in the order of dependencies.

Owns which resources are objects of a cluster, their order, and what stands for values that a preview cannot know.
`kubectl apply --server-side -R -f FOLDER/CLUSTER` takes the files as they are, in the order of their names. Helm
releases are no objects: what a chart renders is known to Helm alone, so they are left out, as are the definitions of
custom resources that they bring.

It imports no Pulumi; the manifests are what the provider would send.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from serving.blueprint.errors import InputError, Problem
from serving.preview.plan import Plan, PlanResource
from serving.preview.values import SECRET, UNKNOWN, PlanValue

_OBJECT = re.compile(r"kubernetes:(?!helm\.sh/)[a-z0-9.-]+/\w+:\w+")
_WRITTEN = re.compile(r"\d{4}-.+\.yaml")
_LITERAL = "$literal"

STANDS_FOR_UNKNOWN = "unknown"
"""Text in the place of a value that is known only once its resource exists, such as an ARN."""

_UNKNOWN_OF_A_FORM = {
    "subnetSelectorTerms": f"subnet-{STANDS_FOR_UNKNOWN}",
    "securityGroupSelectorTerms": f"sg-{STANDS_FOR_UNKNOWN}",
}
"""Field -> the text in it, where the definition of the kind asks for a form (Karpenter's EC2NodeClass)."""

STANDS_FOR_SECRET = "secret"  # noqa: S105
"""Text in the place of a secret."""


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """An object of a cluster.

    Attributes:
        urn: The resource's URN.
        cluster: Logical name of the provider, by which the cluster is known.
        manifest: The object, as the API server would get it.
        needs: URNs of the objects of the same cluster that must exist before, directly or through other resources.
    """

    urn: str
    cluster: str
    manifest: Mapping[str, Any]
    needs: frozenset[str]


def planned_objects(plan: Plan) -> list[PlannedObject]:
    """Every object of a plan's clusters; what an object depends on comes before it."""
    found: dict[str, PlannedObject] = {}
    upstream: dict[str, frozenset[str]] = {}  # resource -> the objects that exist when it does
    for resource in _ordered(plan.resources):
        before = frozenset[str]().union(*(upstream.get(urn, frozenset()) for urn in _dependencies(resource)))
        if _OBJECT.fullmatch(resource.type):
            cluster = resource.provider.rpartition("::")[2]
            same = frozenset(urn for urn in before if found[urn].cluster == cluster)
            found[resource.urn] = PlannedObject(resource.urn, cluster, _manifest(resource), same)
            before |= {resource.urn}
        upstream[resource.urn] = before
    return list(found.values())


def write_manifests(plan: Plan, folder: Path) -> int:
    """Save every object; files of an earlier run in the clusters' folders go.

    Returns:
        How many objects there are.

    Raises:
        InputError: The folder cannot be written.
    """
    clusters: dict[str, list[PlannedObject]] = defaultdict(list)
    for one in planned_objects(plan):
        clusters[one.cluster].append(one)
    try:
        for cluster, objects in clusters.items():
            _write(folder / cluster, objects)
    except OSError as error:
        raise InputError([Problem(str(folder), 0, 0, "", f"cannot be written: {error.strerror}")]) from error
    return sum(map(len, clusters.values()))


def _write(folder: Path, objects: Sequence[PlannedObject]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if _WRITTEN.fullmatch(old.name):
            old.unlink()
    for number, one in enumerate(objects):
        text = yaml.safe_dump(one.manifest, sort_keys=False, allow_unicode=True, width=120)
        (folder / f"{number:04d}-{_stem(one.manifest)}.yaml").write_text(text, encoding="utf-8")


def _stem(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    parts = (manifest["kind"].lower(), metadata.get("namespace", ""), metadata["name"])
    return re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(part for part in parts if part))


def _ordered(resources: Sequence[PlanResource]) -> Iterator[PlanResource]:
    """What is depended on first; beyond that in the order of URNs, so that the same plan gives the same files."""
    by_urn = {resource.urn: resource for resource in resources}
    waits = {urn: set(_dependencies(one)) & by_urn.keys() - {urn} for urn, one in by_urn.items()}
    waiting: dict[str, list[str]] = defaultdict(list)
    for urn, before in waits.items():
        for one in before:
            waiting[one].append(urn)
    ready = sorted(urn for urn, before in waits.items() if not before)
    while ready:
        urn = heapq.heappop(ready)
        yield by_urn[urn]
        for one in waiting[urn]:
            waits[one].discard(urn)
            if not waits[one]:
                heapq.heappush(ready, one)


def _dependencies(resource: PlanResource) -> set[str]:
    within = (urn for urns in resource.property_dependencies.values() for urn in urns)
    return {*resource.dependencies, *within, resource.provider}


def _manifest(resource: PlanResource) -> Mapping[str, Any]:
    """The object; type and version first, as people write them."""
    said: dict[str, Any] = _plain(dict(resource.inputs))
    first = {key: said.pop(key) for key in ("apiVersion", "kind", "metadata") if key in said}
    return first | said


def _plain(value: PlanValue, unknown: str = STANDS_FOR_UNKNOWN) -> Any:  # noqa: ANN401
    if value == UNKNOWN:
        return unknown
    if value == SECRET:
        return STANDS_FOR_SECRET
    if isinstance(value, list):
        return [_plain(item, unknown) for item in value]
    if isinstance(value, Mapping):
        if value.keys() == {_LITERAL}:
            return value[_LITERAL]
        return {key: _plain(item, _UNKNOWN_OF_A_FORM.get(key, unknown)) for key, item in value.items()}
    return value
