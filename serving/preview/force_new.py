"""Which property changes replace a resource instead of changing it.

Owns the facts and where they come from, told with every judgement:

- Kubernetes: the provider's own table (pulumi-kubernetes, provider/pkg/provider/diff.go, read at 94977969d of
  2026-07-01), plus kind, apiVersion and what the API server refuses to change.
- AWS: `force_new_aws.yaml` for the types of this project, the `region` of every resource, and what the installed
  pulumi_aws documents of a property ("forces a new resource").
- the program's own `replaceOnChanges`.

A type without a fact here is taken to change in place; the diff says from where it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources

import yaml

from serving.blueprint.errors import KeyPath
from serving.preview.aws_types import arguments_of
from serving.preview.plan import PlanResource
from serving.preview.values import PlanValue, is_marker

ANY = "*"
"""In a pattern: any element of a list."""


@dataclass(frozen=True, slots=True)
class ForceNew:
    """One fact: a change at or below `pattern` replaces the resource."""

    pattern: tuple[str, ...]
    source: str


_KUBERNETES_SOURCE = "pulumi-kubernetes diff.go"
_API_SERVER_SOURCE = "Kubernetes API: immutable"
_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_SELECTOR = ("spec.selector",)
# (group, kind) -> paths. Versions that lack a fact (apps/v1beta1) are long gone from Kubernetes.
_KUBERNETES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
    ("", "ConfigMap"): ("binaryData", "data"),
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type", "stringData", "data"),
    ("", "Service"): ("spec.clusterIP",),
}
# pkg/apis/storage/validation and the CRD of Argo Rollouts (its controller refuses a new selector).
_IMMUTABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("storage.k8s.io", "StorageClass"): ("reclaimPolicy", "volumeBindingMode"),
    ("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    ("argoproj.io", "Rollout"): _SELECTOR,
}


def force_new(resource: PlanResource) -> tuple[ForceNew, ...]:
    """Everything known about what replaces this resource."""
    return (*_by_provider(resource), *_by_program(resource))


def applies(fact: ForceNew, path: KeyPath) -> bool:
    """Whether a change at `path` is at, below, or around what the fact names."""
    return all(
        wanted in {ANY, key} or (isinstance(key, str) and wanted == key.partition("=")[2])
        for wanted, key in zip(fact.pattern, path, strict=False)
    )


def unknown_at(fact: ForceNew, inputs: Mapping[str, PlanValue]) -> bool:
    """Whether the named property is there and holds something that is not known yet."""
    return any(_contains_marker(value) for value in _values(dict(inputs), fact.pattern))


def _values(value: PlanValue, pattern: tuple[str, ...]) -> Iterator[PlanValue]:
    if not pattern:
        yield value
    elif isinstance(value, list):
        rest = pattern[1:] if pattern[0] == ANY else pattern
        for item in value:
            yield from _values(item, rest)
    elif isinstance(value, Mapping) and not is_marker(value) and pattern[0] in value:
        yield from _values(value[pattern[0]], pattern[1:])
    elif is_marker(value):
        yield value


def _contains_marker(value: PlanValue) -> bool:
    if is_marker(value):
        return "$unknown" in value
    if isinstance(value, Mapping):
        return any(_contains_marker(item) for item in value.values())
    return isinstance(value, list) and any(_contains_marker(item) for item in value)


def _by_program(resource: PlanResource) -> Iterator[ForceNew]:
    for path in resource.options.get("replaceOnChanges", []):
        yield ForceNew(parse_path(path), "the program's replaceOnChanges")


def parse_path(path: str) -> tuple[str, ...]:
    """A property path as options spell it: `spec.ports[0].name`, `spec["a.b"]`, `*`."""
    parts = re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)', path)
    keys = tuple(quoted or index or plain for quoted, index, plain in parts)
    return () if keys == (ANY,) else keys


def _by_provider(resource: PlanResource) -> tuple[ForceNew, ...]:
    if resource.type.startswith("kubernetes:"):
        return _kubernetes(resource)
    if resource.type.startswith("aws:"):
        return _aws(resource.type)
    return ()


def _kubernetes(resource: PlanResource) -> tuple[ForceNew, ...]:
    group_version = str(resource.inputs.get("apiVersion", ""))
    group = group_version.rpartition("/")[0]
    kind = str(resource.inputs.get("kind", ""))
    return (
        *(ForceNew(parse_path(path), _KUBERNETES_SOURCE) for path in _IDENTITY),
        *(ForceNew(parse_path(path), _KUBERNETES_SOURCE) for path in _KUBERNETES.get((group, kind), ())),
        *(ForceNew(parse_path(path), _API_SERVER_SOURCE) for path in _IMMUTABLE.get((group, kind), ())),
    )


_AWS_SOURCE = "terraform-provider-aws schema"
_DOCUMENTED = re.compile(
    r"forces? (?:the )?(?:a )?(?:creation of )?(?:a )?new |changing (?:this|the)[^.]{0,60}"
    r"(?:new resource|new cluster|recreat|replace)|forces? (?:replacement|recreation|creation)",
    re.IGNORECASE,
)


@cache
def _aws(type_token: str) -> tuple[ForceNew, ...]:
    arguments = arguments_of(type_token)
    if arguments is None:
        return ()
    documentation = f"pulumi_aws {metadata.version('pulumi_aws')} documentation"
    documented = {name: documentation for name, text in _documented(arguments) if _DOCUMENTED.search(text)}
    stated = dict.fromkeys([*_aws_table().get(type_token, []), "region"], _AWS_SOURCE)
    return tuple(ForceNew(parse_path(path), source) for path, source in sorted((documented | stated).items()))


@cache
def _aws_table() -> Mapping[str, list[str]]:
    """The facts of `force_new_aws.yaml`."""
    text = resources.files(__package__).joinpath("force_new_aws.yaml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = yaml.safe_load(text)
    return table


def _documented(arguments: type) -> Iterator[tuple[str, str]]:
    """Wire name and documentation of each argument."""
    for name, member in vars(arguments).items():
        if isinstance(member, property) and member.__doc__:
            yield wire_name(name), member.__doc__


def wire_name(python_name: str) -> str:
    """`bucket_prefix` is `bucketPrefix` on the wire."""
    head, *rest = python_name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
