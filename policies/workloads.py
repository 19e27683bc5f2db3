"""How Kubernetes objects are read: pods of any workload, labels, namespaces, selectors.

Owns the shape differences between kinds, so that a rule speaks of containers and never of `jobTemplate`. It
judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.stack import Stack
from policies.tokens import CRON_JOB, LEADER_WORKER_SET, NAMESPACE, POD, SCALED_JOB, SERVICE_ACCOUNT
from policies.views import Node, Resource, Undetermined

COMPONENT_LABEL: Final = "app.kubernetes.io/component"
INFERENCE: Final = "inference"
"""Value of `COMPONENT_LABEL` on what serves a model."""

Place = tuple[str, str]
"""Cluster (URN of its provider; empty if not known) and namespace."""

_CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")

# Kinds without namespace in the API groups that Kubernetes itself serves (API reference 1.35).
CLUSTER_SCOPED: Final = frozenset(
    {
        "APIService",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)


@dataclass(slots=True)
class Placed:
    """Objects by where they live. `lost` says of each other one why its place is not known."""

    at: dict[Place, list[Resource]] = field(default_factory=dict)
    lost: list[Undetermined] = field(default_factory=list)


def is_kubernetes_object(resource: Resource) -> bool:
    """Whether it is one API object: no provider, chart, component or list of objects."""
    package, _, rest = resource.token.partition(":")
    group, _, kind = rest.partition(":")
    return package == "kubernetes" and "/" in group and not group.startswith("helm.sh/") and not kind.endswith("List")


def is_namespaced(resource: Resource) -> bool:
    """Whether it lives in a namespace: by kind for the built-in groups, by what it states for custom ones."""
    group, kind = resource.token.split(":")[1:]
    custom = "." in group.partition("/")[0] and not group.partition("/")[0].endswith(".k8s.io")
    return kind not in CLUSTER_SCOPED and (not custom or not resource.at("metadata", "namespace").missing)


def pod_templates(resource: Resource) -> tuple[Node, ...]:
    """Metadata and spec of each kind of pods of a workload; missing where it borrows another's (`workloadRef`).

    Groups of pods have two kinds: the leader's, which is the workers' where it is not stated, and the workers'.
    """
    if resource.token == POD:
        return (resource.properties,)
    spec = resource["spec"]
    if resource.token == CRON_JOB:
        return (spec.at("jobTemplate", "spec", "template"),)
    if resource.token == SCALED_JOB:
        return (spec.at("jobTargetRef", "template"),)
    if resource.token == LEADER_WORKER_SET:
        leader, worker = (spec.at("leaderWorkerTemplate", f"{kind}Template") for kind in ("leader", "worker"))
        return (worker,) if leader.missing else (leader, worker)
    return (spec["template"],)


def borrows_pods(resource: Resource) -> bool:
    """Whether it is a Rollout that rolls out the pods of a Deployment, which is judged itself."""
    return not resource.at("spec", "workloadRef").missing and pod_templates(resource)[0].missing


def containers(template: Node) -> tuple[Node, ...]:
    """All containers of a pod template, init and ephemeral ones too."""
    return tuple(container for name in _CONTAINER_LISTS for container in template["spec"][name].items())


def labels(metadata: Node) -> dict[str, Node]:
    """Labels of a `metadata`."""
    return metadata["labels"].entries()


def marks(metadata: Node) -> dict[str, Node]:
    """Labels and annotations of a `metadata`; a value that no label may hold stands in an annotation."""
    return {**metadata["annotations"].entries(), **labels(metadata)}


def serves_inference(resource: Resource) -> bool:
    """Whether the workload is labelled as one that serves a model."""
    metadata = (resource["metadata"], *(template["metadata"] for template in pod_templates(resource)))
    return any(
        COMPONENT_LABEL in found and found[COMPONENT_LABEL].text() == INFERENCE for found in map(labels, metadata)
    )


def namespace(resource: Resource) -> str:
    """Its namespace; `default` where none is stated, as the API server has it.

    A name that is not known yet is taken from the Namespace of the stack that it comes from.
    """
    return namespace_at(resource, resource.at("metadata", "namespace")) or "default"


def namespace_at(resource: Resource, node: Node) -> str | None:
    """The namespace that a property names, also where it is named by a Namespace of the stack."""
    if node.unknown:
        for source in resource.sources(node):
            if source.token == NAMESPACE:
                return source.urn if source.at("metadata", "name").unknown else object_name(source)
    return node.text()


def object_name(resource: Resource) -> str:
    """Its name; the logical name where the provider will make one up."""
    return resource.at("metadata", "name").text() or resource.name


def place(resource: Resource) -> Place:
    """Where it lives: its cluster and its namespace."""
    return (resource.provider.urn if resource.provider else "", namespace(resource))


def placed(stack: Stack, *tokens: str) -> Placed:
    """All objects of some kinds by where they live; built once a stack."""
    return stack.index(("placed", tokens), lambda: _place_all(stack.of(*tokens)))


def _place_all(resources: tuple[Resource, ...]) -> Placed:
    result = Placed()
    for resource in resources:
        try:
            result.at.setdefault(place(resource), []).append(resource)
        except Undetermined as doubt:
            result.lost.append(doubt)
    return result


def account_name(template: Node) -> Node:
    """The service account that the pods run under, as they name it; missing where they run under `default`.

    The older key counts only without the newer one, as the API server has it.
    """
    name, older = template.at("spec", "serviceAccountName"), template.at("spec", "serviceAccount")
    return older if name.missing and not older.missing else name


def service_account_of(workload: Resource, template: Node) -> Resource | None:
    """The service account of the stack that the pods run under.

    Raises:
        Undetermined: It is in no known place, or its name comes from no account of the stack.
    """
    name, accounts = account_name(template), placed(workload.stack, SERVICE_ACCOUNT)
    if name.unknown:
        for source in workload.sources(name):
            if source.token == SERVICE_ACCOUNT:
                return source
    wanted = name.text() or "default"
    for account in accounts.at.get(place(workload), ()):
        if object_name(account) == wanted:
            return account
    if accounts.lost:
        raise accounts.lost[0]
    return None


def selects(selector: Node, pod_labels: Mapping[str, Node]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    exact = selector["matchLabels"].entries()
    if any(key not in pod_labels or pod_labels[key].text() != value.text() for key, value in exact.items()):
        return False
    return all(_expression_holds(expression, pod_labels) for expression in selector["matchExpressions"].items())


def _expression_holds(expression: Node, pod_labels: Mapping[str, Node]) -> bool:
    key, operator = expression["key"].text() or "", expression["operator"].text()
    present = key in pod_labels
    values = {value.text() for value in expression["values"].items()}
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    inside = present and pod_labels[key].text() in values
    if operator in {"In", "NotIn"}:
        return inside if operator == "In" else not inside
    raise expression["operator"].malformed("one of In, NotIn, Exists, DoesNotExist")
