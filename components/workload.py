"""The replicas of one model: their name, marks and timing, the services in front of them, their disruption budget.

Owns the facts that all objects of one workload share (`Workload`) and the objects that are about its replicas
as a whole. A service has one workload, and a second one where it keeps a fallback model beside its own. What a
pod looks like: `components.pod`; how its metrics are read: `components.pod_monitor`; how a new version takes over:
`components.rollout`; how many there are: `components.autoscaler`; how requests come in: `components.routing`; who
may talk to whom: `components.isolation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.engines import Server, server_of
from components.engines.server import Transport
from components.lineage import MANAGED_BY, annotations, labels, ownership
from components.manifest import DO_NOT_WAIT, Manifest
from serving.blueprint.gateway_share import LEAST_PROXIES
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.model import Model
from serving.blueprint.schema.stage_programs import ENTRY_PORT
from serving.blueprint.tags import MANIFEST_ANNOTATION, MODEL_CARD_ANNOTATION, SIGNER_ANNOTATION, TagKey
from serving.blueprint.timing import SERVER_IDLE_SECONDS, UPSTREAM_IDLE_SECONDS, request_seconds
from serving.blueprint.vocabulary import Tier
from serving.telemetry.metrics import WORKLOAD_LABEL

SERVICE_PORT: Final = 80
"""Port of the services; the server's own port is the engine's business."""

COMPONENT: Final = "inference"
"""Value of `app.kubernetes.io/component` on whatever serves a model."""

LEADER: Final = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}
"""Label that tells the leader of a replica that spans nodes (kubernetes-sigs/lws v0.10.0, `pkg/controllers`)."""

_UNSEEN_SECONDS: Final = 15
"""A pod that is to stop keeps serving for so long: until endpoints, gateway and clients have all noticed."""

_MARGIN_SECONDS: Final = 15
"""Between the end of the longest request and the kill, for what the server does after it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One model behind one name.

    Attributes:
        name: Name of the Rollout and of all that belongs to it.
        blueprint: The service.
        model: The model that the replicas serve.
        tags: Ownership and lineage of this model.
        min_replicas: Fewest replicas.
        max_replicas: Most replicas.
        stands_in: Whether it only stands in for the service's own model.
        gateway_proxies: Fewest proxies of the gateway, among which its requests are spread.
    """

    name: str
    blueprint: Blueprint
    model: Model
    tags: Mapping[str, str]
    min_replicas: int
    max_replicas: int
    stands_in: bool = False
    gateway_proxies: int = LEAST_PROXIES

    @property
    def spans_nodes(self) -> bool:
        """Whether each replica is a group of pods (`components.leader_worker_set`) and not one pod."""
        return self.model.resources.spans_nodes

    @property
    def namespace(self) -> str:
        """The tenant's namespace."""
        return self.blueprint.identity.tenant

    @property
    def stable_service(self) -> str:
        """Name of the service in front of the version that users get."""
        return self.name

    @property
    def canary_service(self) -> str:
        """Name of the service in front of the version that is being judged."""
        return f"{self.name}-canary"

    @property
    def service_account(self) -> str:
        """The identity of all replicas of the service."""
        return self.blueprint.name

    @property
    def selector(self) -> dict[str, str]:
        """Labels of the replicas, all versions; fixed, because a Rollout's selector can never change."""
        return {WORKLOAD_LABEL: self.name}

    @property
    def answering(self) -> dict[str, str]:
        """Labels of the pods that answer requests: of a replica that spans nodes only the leader."""
        return self.selector | (LEADER if self.spans_nodes else {})

    @property
    def scaled(self) -> dict[str, str]:
        """What the autoscaler scales, in the words of a reference."""
        if self.spans_nodes:
            return {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": self.name}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": self.name}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of what runs the model."""
        return {**self._marks, "app.kubernetes.io/version": self.model.version, **labels(self.tags)}

    @property
    def annotations(self) -> dict[str, str]:
        """Annotations of what runs the model."""
        card = self.blueprint.governance.model_card
        return {
            **annotations(self.tags),
            MANIFEST_ANNOTATION: self.model.manifest.path,
            SIGNER_ANNOTATION: self.model.manifest.signer,
            **({} if card is None else {MODEL_CARD_ANNOTATION: str(card)}),
        }

    @property
    def _marks(self) -> dict[str, str]:
        return {
            **self.selector,
            "app.kubernetes.io/component": COMPONENT,
            "app.kubernetes.io/part-of": self.blueprint.name,
            "app.kubernetes.io/managed-by": MANAGED_BY,
        }

    def metadata(self, name: str | None = None, **further_annotations: str) -> dict[str, Any]:
        """Metadata of an object of the workload that stays as it is when the model changes.

        It says nothing of the model. Were its version on the route, every new one would write the route anew, weights
        included, which are the rollout controller's while an earlier version is still taking over.

        Args:
            name: Its name; the workload's own by default.
            further_annotations: What else to annotate.
        """
        owned = ownership(self.tags)
        marks = {"name": name or self.name, "namespace": self.namespace, "labels": {**self._marks, **labels(owned)}}
        annotated = {**annotations(owned), **further_annotations}
        return marks | ({"annotations": annotated} if annotated else {})

    @property
    def release_metadata(self) -> dict[str, Any]:
        """Metadata of the object that rolls the model out: it names the model and where it comes from."""
        return self.metadata() | {"labels": self.labels, "annotations": self.annotations}

    @property
    def server(self) -> Server:
        """How the engine runs the model."""
        own = (self.blueprint.model.name,) if self.stands_in else ()
        return server_of(self.model, self.blueprint.contract, self.drain_seconds, also_named=own)

    @property
    def _validated(self) -> bool:
        return self.blueprint.contract.stages.ingress.validation is not None

    @property
    def entry_port(self) -> int:
        """Where requests go first in a replica: the program of the ingress stage, or the server."""
        return ENTRY_PORT if self._validated else self.server.port

    @property
    def entry_idle_seconds(self) -> int:
        """How long the gateway keeps a connection to it without a request."""
        return UPSTREAM_IDLE_SECONDS if self._validated else SERVER_IDLE_SECONDS

    @property
    def entry_transport(self) -> Transport:
        """What is spoken there."""
        return Transport.HTTP if self._validated else self.server.transport

    @property
    def request_seconds(self) -> int:
        """Time after which a request is given up."""
        return request_seconds(self.blueprint)

    @property
    def unseen_seconds(self) -> int:
        """Time between the decision to stop a replica and the signal to its server."""
        return _UNSEEN_SECONDS

    @property
    def drain_seconds(self) -> int:
        """Time that running requests have to end: the longest of them, streams included, must fit."""
        return self.request_seconds

    @property
    def grace_seconds(self) -> int:
        """Time between the decision to stop a replica and the kill."""
        return self.unseen_seconds + self.drain_seconds + _MARGIN_SECONDS


def services(workload: Workload) -> dict[str, Manifest]:
    """The two services of a workload, by suffix of the logical name.

    They state no selector: the rollout controller points each at the pods of one version and owns that field.
    If we stated it too, each later change would either fail on that conflict or send users to both versions at once.
    Replicas that span nodes have no such controller: one service stands in front of the leaders of all versions.
    """
    if workload.spans_nodes:
        stable = _service(workload, workload.stable_service)
        return {"stable": {**stable, "spec": {**stable["spec"], "selector": workload.answering}}}
    return {
        "stable": _service(workload, workload.stable_service),
        "canary": _service(workload, workload.canary_service),
    }


def _service(workload: Workload, name: str) -> Manifest:
    # without replicas there is no endpoint, and an update would wait for one until it fails
    waiting = DO_NOT_WAIT if workload.min_replicas == 0 else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": workload.metadata(name, **waiting),
        "spec": {
            "type": "ClusterIP",
            "ports": [
                {
                    "name": "serve",
                    "port": SERVICE_PORT,
                    "targetPort": workload.entry_port,
                    "protocol": "TCP",
                    "appProtocol": workload.entry_transport.value,
                }
            ],
        },
    }


def disruption_budget(workload: Workload) -> Manifest:
    """At most a tenth of the replicas, and never fewer than one, may be taken away on purpose at a time.

    Replicas that serve nobody yet, or no more, are no reason to keep a node from being drained. Of replicas that span
    nodes one is taken away at a time: with any of its pods all of them go, which then are what is missing.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": workload.metadata(),
        "spec": {
            "maxUnavailable": 1 if workload.spans_nodes else "10%",
            "selector": {"matchLabels": workload.selector},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def service_account(blueprint: Blueprint, tags: Mapping[str, str]) -> Manifest:
    """The identity of a service's replicas. They need no Kubernetes token: AWS is reached by Pod Identity."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": blueprint.name,
            "namespace": blueprint.identity.tenant,
            "labels": {
                "app.kubernetes.io/name": blueprint.name,
                "app.kubernetes.io/managed-by": MANAGED_BY,
                **labels(ownership(tags)),
            },
        },
        "automountServiceAccountToken": False,
    }


def stand_in_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags of a workload that stands in: nobody notices when it stops alone, so its tier is its own."""
    return {**tags, TagKey.TIER: str(Tier.USERS_UNAWARE.value)}
