"""Samples of `no-nodeport-lb`."""

from __future__ import annotations

from policies.tokens import DEPLOYMENT, SERVICE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
OLDER = "service.beta.kubernetes.io/aws-load-balancer-internal"
PUBLIC = ("spec.type is LoadBalancer, and no annotation",)


def service(kind: object, annotations: Json | None = None, **spec: object) -> Declared:
    metadata = {"name": "chat", "namespace": "assistants", "annotations": annotations or {}}
    return Declared(SERVICE, "chat", {"metadata": metadata, "spec": {"type": kind, "ports": [{"port": 80}], **spec}})


SAMPLES = (
    Sample(Case.ALLOWED, "inside the cluster", (service("ClusterIP"),)),
    Sample(Case.ALLOWED, "type not stated", (Declared(SERVICE, "s", {"spec": {"ports": [{"port": 80}]}}),)),
    Sample(Case.ALLOWED, "internal load balancer", (service("LoadBalancer", {SCHEME: "internal"}),)),
    Sample(Case.ALLOWED, "internal, older form", (service("LoadBalancer", {OLDER: "true"}),)),
    Sample(
        Case.ALLOWED,
        "internal, Google Cloud",
        (service("LoadBalancer", {"networking.gke.io/load-balancer-type": "Internal"}),),
    ),
    Sample(Case.ALLOWED, "edge", (service("LoadBalancer"),), parameters={"edge_names": ["chat"]}),
    Sample(Case.DISALLOWED, "port of every node", (service("NodePort"),), ("spec.type is NodePort",)),
    Sample(Case.DISALLOWED, "public load balancer", (service("LoadBalancer"),), PUBLIC),
    Sample(Case.DISALLOWED, "said to be public", (service("LoadBalancer", {SCHEME: "internet-facing"}),), PUBLIC),
    Sample(
        Case.DISALLOWED,
        "annotations that disagree",
        (service("LoadBalancer", {SCHEME: "internet-facing", OLDER: "true"}),),
        PUBLIC,
    ),
    Sample(
        Case.DISALLOWED,
        "source ranges do not make it internal",
        (service("LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"]),),
        PUBLIC,
    ),
    Sample(Case.DISALLOWED, "addresses", (service("ClusterIP", externalIPs=["192.0.2.7"]),), ("spec.externalIPs",)),
    Sample(
        Case.UNKNOWN,
        "an unknown type hides no address",
        (service(UNKNOWN, externalIPs=["192.0.2.7"]),),
        ("spec.externalIPs", "spec.type is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no service", (Declared(DEPLOYMENT, "d", {"spec": {}}),)),
)
