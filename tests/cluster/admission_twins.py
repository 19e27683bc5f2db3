"""Objects that the admission rules must refuse: each is one that we render, with one fault.

Owns the faults and by which rule each is to be refused. A twin without its fault is the object that the stacks
apply, so that a rule which refuses too much fails the same tests as one that refuses too little.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.autoscaler import scaled_object
from components.cluster_addons import ClusterAddons
from components.node_labels import ACCELERATOR_LABEL, GPU_RESOURCE, GPU_TAINT_KEY
from components.pod import pod_template
from components.rollout import GATEWAY_PLUGIN, analysis_template, rollout
from components.routing import route
from components.workload import services
from serving.blueprint.tags import TagKey
from tests.components.serving_samples import CONTEXT, workload

Object = dict[str, Any]
Fault = Callable[[Object], object]

HOST = "chat.example.com"
DIGEST = "sha256:" + "a" * 64

CHAT = workload("chat")
"""A service with accelerators."""
FRAUD = workload("fraud-score")
"""A service without."""


@dataclass(frozen=True, slots=True)
class Twin:
    """An object with one fault.

    Attributes:
        name: What is wrong with it.
        good: The object without the fault.
        fault: Puts the fault into a copy.
        policy: Name of the policy that must refuse it.
        rule: Name of the rule.
    """

    name: str
    good: Object
    fault: Fault
    policy: str
    rule: str

    @property
    def bad(self) -> Object:
        """The object with the fault."""
        changed = copy.deepcopy(self.good)
        self.fault(changed)
        return changed


def pod_of(template: Object, name: str, namespace: str) -> Object:
    """The pod that a controller makes of a template."""
    metadata = {**template["metadata"], "name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _plain(manifest: Any) -> Object:
    return dict(copy.deepcopy(manifest))


CHAT_POD = pod_of(pod_template(CHAT, CONTEXT), "chat-twin", CHAT.namespace)
FRAUD_POD = pod_of(pod_template(FRAUD, CONTEXT), "fraud-score-twin", FRAUD.namespace)
ROLLOUT = _plain(rollout(CHAT, pod_template(CHAT, CONTEXT)))
ROUTE = _plain(route(CHAT, [HOST], "serving", "envoy-gateway-system", "https"))
SERVICE = _plain(services(CHAT)["stable"])
SCALING = _plain(scaled_object(CHAT, ClusterAddons.PROMETHEUS_URL))
ANALYSIS = _plain(analysis_template(CHAT, ClusterAddons.PROMETHEUS_URL))

GOOD = (CHAT_POD, FRAUD_POD, ROLLOUT, ROUTE, SERVICE, SCALING, ANALYSIS)


def _set(*path: str | int, value: Any) -> Fault:
    def fault(thing: Object) -> None:
        at: Any = thing
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return fault


def _drop(*path: str | int) -> Fault:
    def fault(thing: Object) -> None:
        at: Any = thing
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

    return fault


def _image(reference: str, kind: str = "containers") -> Fault:
    return _set("spec", kind, 0, "image", value=reference)


_OURS = CHAT_POD["spec"]["containers"][0]["image"].partition("@")[0]
_LIMITS = ("spec", "containers", 0, "resources")
_LABELS = ("metadata", "labels")


def _accelerators(amount: str) -> Fault:
    def fault(pod: Object) -> None:
        for kind in ("requests", "limits"):
            pod["spec"]["containers"][0]["resources"][kind][GPU_RESOURCE] = amount

    return fault


def _one_more_container(pod: Object) -> None:
    further = copy.deepcopy(pod["spec"]["containers"][0])
    pod["spec"]["containers"].append({**further, "name": "further", "ports": []})


def _image_volume(pod: Object) -> None:
    volume = {"name": "extra", "image": {"reference": f"docker.io/library/tools@{DIGEST}"}}
    pod["spec"]["volumes"].append(volume)


def _claim(pod: Object) -> None:
    pod["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimName": "gpu"}]


PODS = "serving-tenant-pods"
ROLLOUTS = "serving-tenant-rollouts"
ROUTES = "serving-tenant-routes"
SCALINGS = "serving-tenant-scaling"
ANALYSES = "serving-tenant-analyses"

TWINS = (
    *(
        Twin(f"label {key.value} missing", CHAT_POD, _drop(*_LABELS, key.label), PODS, "unlabelled")
        for key in (TagKey.OWNER, TagKey.COST_CENTER, TagKey.MODEL_VERSION, TagKey.TRAINING_RUN, TagKey.RISK_CLASS)
    ),
    Twin(
        "annotation model-digest missing",
        CHAT_POD,
        _drop("metadata", "annotations", TagKey.MODEL_DIGEST.label),
        PODS,
        "unlabelled",
    ),
    Twin("another tenant", CHAT_POD, _set(*_LABELS, TagKey.TENANT.label, value="search"), PODS, "misattributed"),
    Twin("public registry", CHAT_POD, _image(f"docker.io/vllm/vllm-openai@{DIGEST}"), PODS, "foreignImages"),
    Twin(
        "another environment's images",
        CHAT_POD,
        _image(_OURS.replace("/test/", "/tested/") + f"@{DIGEST}"),
        PODS,
        "foreignImages",
    ),
    Twin(
        "public registry in an init container",
        CHAT_POD,
        _image(f"docker.io/library/tools@{DIGEST}", "initContainers"),
        PODS,
        "foreignImages",
    ),
    Twin("public registry in a volume", CHAT_POD, _image_volume, PODS, "foreignImages"),
    Twin("tag", CHAT_POD, _image(f"{_OURS}:1.4.0"), PODS, "movingImages"),
    Twin("latest", CHAT_POD, _image(f"{_OURS}:latest"), PODS, "movingImages"),
    Twin("no tag at all", CHAT_POD, _image(_OURS), PODS, "movingImages"),
    Twin("short digest", CHAT_POD, _image(f"{_OURS}@sha256:{'a' * 63}"), PODS, "movingImages"),
    Twin("default account", CHAT_POD, _set("spec", "serviceAccountName", value="default"), PODS, "foreignAccounts"),
    Twin("no account", CHAT_POD, _drop("spec", "serviceAccountName"), PODS, "foreignAccounts"),
    Twin(
        "class of a higher tier",
        CHAT_POD,
        _set("spec", "priorityClassName", value="serving-tier-0"),
        PODS,
        "foreignPriorities",
    ),
    Twin("no priority class", CHAT_POD, _drop("spec", "priorityClassName"), PODS, "foreignPriorities"),
    Twin(
        "another kind of accelerator",
        CHAT_POD,
        _set("spec", "nodeSelector", ACCELERATOR_LABEL, value="nvidia-h100"),
        PODS,
        "foreignAccelerators",
    ),
    Twin("any accelerator", CHAT_POD, _drop("spec", "nodeSelector"), PODS, "foreignAccelerators"),
    Twin("two containers with one accelerator each", CHAT_POD, _one_more_container, PODS, "greedyPods"),
    Twin(
        "on a node with accelerators without asking for one",
        FRAUD_POD,
        _set("spec", "tolerations", value=[{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}]),
        PODS,
        "sideDoors",
    ),
    Twin(
        "tolerates everything",
        FRAUD_POD,
        _set("spec", "tolerations", value=[{"operator": "Exists"}]),
        PODS,
        "sideDoors",
    ),
    Twin("names its node", CHAT_POD, _set("spec", "nodeName", value="node-1"), PODS, "sideDoors"),
    Twin("claims a device", CHAT_POD, _claim, PODS, "sideDoors"),
    Twin(
        "writable root",
        CHAT_POD,
        _set("spec", "containers", 0, "securityContext", "readOnlyRootFilesystem", value=False),
        PODS,
        "writableContainers",
    ),
    Twin(
        "Rollout with a tag",
        ROLLOUT,
        _set("spec", "template", "spec", "containers", 0, "image", value=f"{_OURS}:1.4.0"),
        ROLLOUTS,
        "movingImages",
    ),
    Twin(
        "Rollout with the default account",
        ROLLOUT,
        _set("spec", "template", "spec", "serviceAccountName", value="default"),
        ROLLOUTS,
        "foreignAccounts",
    ),
    Twin(
        "Rollout of unmeasured pods",
        ROLLOUT,
        _drop("spec", "template", "spec", "containers", 0, "resources", "requests", "ephemeral-storage"),
        ROLLOUTS,
        "unmeasured",
    ),
    Twin(
        "Rollout that moves another namespace's route",
        ROLLOUT,
        _set("spec", "strategy", "canary", "trafficRouting", "plugins", GATEWAY_PLUGIN, "namespace", value="payments"),
        ROLLOUTS,
        "foreignRoutes",
    ),
    Twin(
        "another tenant's host",
        ROUTE,
        _set("spec", "hostnames", 0, value="fraud-score.example.com"),
        ROUTES,
        "foreignHosts",
    ),
    Twin("wildcard host", ROUTE, _set("spec", "hostnames", 0, value="*.example.com"), ROUTES, "foreignHosts"),
    Twin("every host", ROUTE, _drop("spec", "hostnames"), ROUTES, "foreignHosts"),
    Twin("another gateway", ROUTE, _set("spec", "parentRefs", 0, "name", value="other"), ROUTES, "foreignGateways"),
    Twin("gateway of its own", ROUTE, _drop("spec", "parentRefs", 0, "namespace"), ROUTES, "foreignGateways"),
    Twin(
        "another tenant's replicas",
        ROUTE,
        _set("spec", "rules", 0, "backendRefs", 0, "namespace", value="payments"),
        ROUTES,
        "foreignBackends",
    ),
    Twin(
        "external name",
        SERVICE,
        _set("spec", value={"type": "ExternalName", "externalName": "example.org"}),
        "serving-tenant-services",
        "waysOut",
    ),
    Twin(
        "external address",
        SERVICE,
        _set("spec", "externalIPs", value=["203.0.113.7"]),
        "serving-tenant-services",
        "waysOut",
    ),
    Twin(
        "scaled Deployment",
        SCALING,
        _set("spec", "scaleTargetRef", value={"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}),
        SCALINGS,
        "foreignTargets",
    ),
    Twin("unbounded", SCALING, _drop("spec", "maxReplicaCount"), SCALINGS, "unbounded"),
    Twin(
        "scaled by a metric from elsewhere",
        SCALING,
        _set("spec", "triggers", 0, "metadata", "serverAddress", value="http://169.254.169.254"),
        SCALINGS,
        "foreignMetrics",
    ),
    Twin(
        "scaled by another kind of metric",
        SCALING,
        _set("spec", "triggers", 0, "type", value="metrics-api"),
        SCALINGS,
        "foreignMetrics",
    ),
    Twin(
        "judged by a job",
        ANALYSIS,
        _set("spec", "metrics", 0, "provider", value={"web": {"url": "http://169.254.169.254", "jsonPath": "{$.a}"}}),
        ANALYSES,
        "foreignProviders",
    ),
    Twin(
        "judged by another Prometheus",
        ANALYSIS,
        _set("spec", "metrics", 0, "provider", "prometheus", "address", value="http://prometheus.example.org"),
        ANALYSES,
        "foreignProviders",
    ),
)
