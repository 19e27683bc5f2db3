"""Objects that the admission rules must refuse: each is one that we render, with one fault.

Owns the faults and by which rule each is to be refused. A twin without its fault is the object that the stacks
apply, so that a rule which refuses too much fails the same tests as one that refuses too little.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from components.autoscaler import scaled_object
from components.cluster_addons import ClusterAddons
from components.gateway import Gateway
from components.lineage import service_tags
from components.node_labels import ACCELERATOR_LABEL, GPU_TAINT_KEY
from components.pod import pod_template
from components.rollout import GATEWAY_PLUGIN, analysis_template, rollout
from components.routing import route
from components.workload import Workload, services
from serving.blueprint.schema import Blueprint
from serving.blueprint.tags import TagKey
from tests.components.serving_samples import CONTEXT, REGISTRY, workload
from tests.documents import blueprint, environment

Object = dict[str, Any]
Fault = Callable[[Object], object]

HOST = "chat.example.com"
DIGEST = "sha256:" + "a" * 64
FURTHER_SERVICE = "chat-eu"
"""A service of the chat service's tenant, of which only the name counts."""
FURTHER_ACCOUNT = f"{FURTHER_SERVICE}-degradation"
"""A service account of it."""


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


class Samples:
    """What the stacks render for two tenants whose names begin with a word, and what surrounds it.

    Attributes:
        chat: A service with accelerators.
        fraud: A service without.
        good: Objects that must be admitted.
    """

    def __init__(self, word: str) -> None:
        self.environment = environment(**{"tenants.0.name": f"{word}-chat", "tenants.2.name": f"{word}-fraud"})
        self.chat, self.fraud = self._workload("chat", word), self._workload("fraud-score", word)
        self.chat_pod = pod_of(pod_template(self.chat, CONTEXT), "chat-twin", self.chat.namespace)
        self.fraud_pod = pod_of(pod_template(self.fraud, CONTEXT), "fraud-score-twin", self.fraud.namespace)
        self.rollout = _plain(rollout(self.chat, pod_template(self.chat, CONTEXT)))
        self.route = _plain(route(self.chat, [HOST], Gateway.NAME, Gateway.NAMESPACE, Gateway.LISTENER))
        self.service = _plain(services(self.chat)["stable"])
        self.scaling = _plain(scaled_object(self.chat, ClusterAddons.PROMETHEUS_URL))
        self.analysis = _plain(analysis_template(self.chat, ClusterAddons.PROMETHEUS_URL))
        self.good = (
            self.chat_pod,
            self.fraud_pod,
            self.rollout,
            self.route,
            self.service,
            self.scaling,
            self.analysis,
        )

    @property
    def blueprints(self) -> tuple[Blueprint, ...]:
        """The two services."""
        return self.chat.blueprint, self.fraud.blueprint

    def _workload(self, service: str, word: str) -> Workload:
        tenant = f"{word}-{service.partition('-')[0]}"
        changed = blueprint(service, **{"identity.tenant": tenant})
        return replace(
            workload(service), blueprint=changed, tags=service_tags(self.environment, changed, changed.model)
        )


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


_OURS = f"{REGISTRY}/serving/vllm"
_LABELS = ("metadata", "labels")


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


def twins(of: Samples) -> tuple[Twin, ...]:
    """Every twin, made of samples."""
    return (
        *(
            Twin(f"label {key.value} missing", of.chat_pod, _drop(*_LABELS, key.label), PODS, "unlabelled")
            for key in (TagKey.OWNER, TagKey.COST_CENTER, TagKey.MODEL_VERSION, TagKey.TRAINING_RUN, TagKey.RISK_CLASS)
        ),
        Twin(
            "annotation model-digest missing",
            of.chat_pod,
            _drop("metadata", "annotations", TagKey.MODEL_DIGEST.label),
            PODS,
            "unlabelled",
        ),
        Twin(
            "another tenant", of.chat_pod, _set(*_LABELS, TagKey.TENANT.label, value="elsewhere"), PODS, "misattributed"
        ),
        Twin(
            "unknown service",
            of.chat_pod,
            _set(*_LABELS, TagKey.SERVICE.label, value="elsewhere"),
            PODS,
            "unknownServices",
        ),
        Twin("public registry", of.chat_pod, _image(f"docker.io/vllm/vllm-openai@{DIGEST}"), PODS, "foreignImages"),
        Twin(
            "another environment's images",
            of.chat_pod,
            _image(_OURS.replace("/test/", "/tested/") + f"@{DIGEST}"),
            PODS,
            "foreignImages",
        ),
        Twin(
            "public registry in an init container",
            of.chat_pod,
            _image(f"docker.io/library/tools@{DIGEST}", "initContainers"),
            PODS,
            "foreignImages",
        ),
        Twin("public registry in a volume", of.chat_pod, _image_volume, PODS, "foreignImages"),
        Twin("tag", of.chat_pod, _image(f"{_OURS}:1.4.0"), PODS, "movingImages"),
        Twin("latest", of.chat_pod, _image(f"{_OURS}:latest"), PODS, "movingImages"),
        Twin("no tag at all", of.chat_pod, _image(_OURS), PODS, "movingImages"),
        Twin("short digest", of.chat_pod, _image(f"{_OURS}@sha256:{'a' * 63}"), PODS, "movingImages"),
        Twin(
            "default account", of.chat_pod, _set("spec", "serviceAccountName", value="default"), PODS, "foreignAccounts"
        ),
        Twin(
            "account of a service whose name begins with this one's",
            of.chat_pod,
            _set("spec", "serviceAccountName", value=FURTHER_ACCOUNT),
            PODS,
            "foreignAccounts",
        ),
        Twin("no account", of.chat_pod, _drop("spec", "serviceAccountName"), PODS, "foreignAccounts"),
        Twin(
            "class of a higher tier",
            of.chat_pod,
            _set("spec", "priorityClassName", value="serving-tier-0"),
            PODS,
            "foreignPriorities",
        ),
        Twin("no priority class", of.chat_pod, _drop("spec", "priorityClassName"), PODS, "foreignPriorities"),
        Twin(
            "another kind of accelerator",
            of.chat_pod,
            _set("spec", "nodeSelector", ACCELERATOR_LABEL, value="nvidia-h100"),
            PODS,
            "foreignAccelerators",
        ),
        Twin("any accelerator", of.chat_pod, _drop("spec", "nodeSelector"), PODS, "foreignAccelerators"),
        Twin("two containers with one accelerator each", of.chat_pod, _one_more_container, PODS, "greedyPods"),
        Twin(
            "on a node with accelerators without asking for one",
            of.fraud_pod,
            _set("spec", "tolerations", value=[{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}]),
            PODS,
            "sideDoors",
        ),
        Twin(
            "tolerates everything",
            of.fraud_pod,
            _set("spec", "tolerations", value=[{"operator": "Exists"}]),
            PODS,
            "sideDoors",
        ),
        Twin("names its node", of.chat_pod, _set("spec", "nodeName", value="node-1"), PODS, "sideDoors"),
        Twin("claims a device", of.chat_pod, _claim, PODS, "sideDoors"),
        Twin(
            "writable root",
            of.chat_pod,
            _set("spec", "containers", 0, "securityContext", "readOnlyRootFilesystem", value=False),
            PODS,
            "writableContainers",
        ),
        Twin(
            "Rollout with a tag",
            of.rollout,
            _set("spec", "template", "spec", "containers", 0, "image", value=f"{_OURS}:1.4.0"),
            ROLLOUTS,
            "movingImages",
        ),
        Twin(
            "Rollout with the default account",
            of.rollout,
            _set("spec", "template", "spec", "serviceAccountName", value="default"),
            ROLLOUTS,
            "foreignAccounts",
        ),
        Twin(
            "Rollout of unmeasured pods",
            of.rollout,
            _drop("spec", "template", "spec", "containers", 0, "resources", "requests", "ephemeral-storage"),
            ROLLOUTS,
            "unmeasured",
        ),
        Twin(
            "Rollout that moves another namespace's route",
            of.rollout,
            _set(
                "spec",
                "strategy",
                "canary",
                "trafficRouting",
                "plugins",
                GATEWAY_PLUGIN,
                "namespace",
                value="elsewhere",
            ),
            ROLLOUTS,
            "foreignRoutes",
        ),
        Twin(
            "another tenant's host",
            of.route,
            _set("spec", "hostnames", 0, value="fraud-score.example.com"),
            ROUTES,
            "foreignHosts",
        ),
        Twin("wildcard host", of.route, _set("spec", "hostnames", 0, value="*.example.com"), ROUTES, "foreignHosts"),
        Twin("every host", of.route, _drop("spec", "hostnames"), ROUTES, "foreignHosts"),
        Twin(
            "another gateway", of.route, _set("spec", "parentRefs", 0, "name", value="other"), ROUTES, "foreignGateways"
        ),
        Twin("gateway of its own", of.route, _drop("spec", "parentRefs", 0, "namespace"), ROUTES, "foreignGateways"),
        Twin(
            "another tenant's replicas",
            of.route,
            _set("spec", "rules", 0, "backendRefs", 0, "namespace", value="elsewhere"),
            ROUTES,
            "foreignBackends",
        ),
        Twin(
            "external name",
            of.service,
            _set("spec", value={"type": "ExternalName", "externalName": "example.org"}),
            "serving-tenant-services",
            "waysOut",
        ),
        Twin(
            "external address",
            of.service,
            _set("spec", "externalIPs", value=["203.0.113.7"]),
            "serving-tenant-services",
            "waysOut",
        ),
        Twin(
            "scaled Deployment",
            of.scaling,
            _set("spec", "scaleTargetRef", value={"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}),
            SCALINGS,
            "foreignTargets",
        ),
        Twin("unbounded", of.scaling, _drop("spec", "maxReplicaCount"), SCALINGS, "unbounded"),
        Twin(
            "scaled by a metric from elsewhere",
            of.scaling,
            _set("spec", "triggers", 0, "metadata", "serverAddress", value="http://169.254.169.254"),
            SCALINGS,
            "foreignMetrics",
        ),
        Twin(
            "scaled by another kind of metric",
            of.scaling,
            _set("spec", "triggers", 0, "type", value="metrics-api"),
            SCALINGS,
            "foreignMetrics",
        ),
        Twin(
            "judged by a job",
            of.analysis,
            _set(
                "spec", "metrics", 0, "provider", value={"web": {"url": "http://169.254.169.254", "jsonPath": "{$.a}"}}
            ),
            ANALYSES,
            "foreignProviders",
        ),
        Twin(
            "judged by another Prometheus",
            of.analysis,
            _set("spec", "metrics", 0, "provider", "prometheus", "address", value="http://prometheus.example.org"),
            ANALYSES,
            "foreignProviders",
        ),
    )
