"""Samples of `tracing`."""

from __future__ import annotations

from policies.checks.tracing import COLLECTORS, ENCRYPTION, RELEASES, STATE_MACHINE
from policies.tokens import API_STAGE, DEPLOYMENT, EKS_ADDON, FUNCTION, ROLLOUT
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

LABELS: Json = {"app.kubernetes.io/component": "inference"}
NONE = ("nothing in its cluster collects traces",)
WEST = "urn:pulumi:dev::shop::pulumi:providers:kubernetes::west"


def service(cluster: str = "") -> Declared:
    return Declared(ROLLOUT, "chat", {"metadata": {"name": "chat", "labels": LABELS}, "spec": {}}, provider=cluster)


def release(chart: object, cluster: str = "") -> Declared:
    return Declared(RELEASES[0], "collector", {"chart": chart, "namespace": "monitoring"}, provider=cluster)


def deployment(image: str) -> Declared:
    spec: Json = {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}
    return Declared(DEPLOYMENT, "collector", {"metadata": {"name": "collector"}, "spec": spec})


SAMPLES = (
    Sample(Case.ALLOWED, "add-on", (service(), Declared(EKS_ADDON, "adot", {"addonName": "adot"}))),
    Sample(Case.ALLOWED, "chart", (service(WEST), release("opentelemetry-collector", WEST))),
    Sample(Case.ALLOWED, "custom resource", (service(), Declared(COLLECTORS[0], "otel", {"spec": {}}))),
    Sample(Case.ALLOWED, "image", (service(), deployment("otel/opentelemetry-collector-contrib:0.140.0"))),
    Sample(Case.ALLOWED, "another product", (service(), release("zipkin")), parameters={"collectors": ["zipkin"]}),
    Sample(
        Case.ALLOWED,
        "managed services",
        (
            Declared(ENCRYPTION, "xray", {"type": "KMS", "keyId": KEY_ARN}),
            Declared(API_STAGE, "api", {"xrayTracingEnabled": True}),
            Declared(FUNCTION, "f", {"tracingConfig": {"mode": "Active"}}),
            Declared(STATE_MACHINE, "m", {"tracingConfiguration": {"enabled": True}}),
        ),
    ),
    Sample(Case.DISALLOWED, "nothing", (service(),), NONE),
    Sample(Case.DISALLOWED, "another chart", (service(), release("prometheus")), NONE),
    Sample(Case.DISALLOWED, "another cluster's collector", (service(WEST), release("opentelemetry-collector")), NONE),
    Sample(Case.DISALLOWED, "another add-on", (service(), Declared(EKS_ADDON, "dns", {"addonName": "coredns"})), NONE),
    Sample(Case.DISALLOWED, "default encryption", (Declared(ENCRYPTION, "x", {"type": "NONE"}),), ("not KMS", "keyId")),
    Sample(
        Case.DISALLOWED, "stage", (Declared(API_STAGE, "api", {"stageName": "v1"}),), ("xrayTracingEnabled is not",)
    ),
    Sample(Case.DISALLOWED, "function", (Declared(FUNCTION, "f", {"handler": "x"}),), ("mode is not Active",)),
    Sample(Case.DISALLOWED, "machine", (Declared(STATE_MACHINE, "m", {"type": "STANDARD"}),), ("enabled is not true",)),
    Sample(Case.UNKNOWN, "chart", (service(), release(UNKNOWN)), ("chart is not known",)),
    Sample(Case.NOT_APPLICABLE, "no service", (release("prometheus"),)),
)
