"""OpenTelemetry Collector: spans of the gateway and of whatever else speaks OTLP, sent on to AWS X-Ray."""

from typing import Any, Final

from components.addons.definition import (
    POD_SECURITY,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    Scrape,
    replicas,
    resources,
    spread,
)
from components.iam import Statement
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

COLLECTOR: Final = "opentelemetry-collector"
"""Name of the collector's Service, in the namespace of its chart."""
OTLP_PORT: Final = 4317
"""Port of OTLP over gRPC."""

_OTLP_HTTP_PORT: Final = 4318
_HEALTH_PORT: Final = 13133
_METRICS_PORT: Final = 8888
_PODS: Final = {"app.kubernetes.io/name": "opentelemetry-collector"}

_OWN_ADDRESS: Final = "${env:MY_POD_IP}"
_UNUSED_PORTS: Final = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")

VARIANT_ATTRIBUTE: Final = "serving.variant"
"""Attribute of spans by which stable and canary are told apart."""


def _values(facts: AddonFacts) -> dict[str, Any]:
    """The distribution with AWS's exporter; the chart's own choice of receivers and pipelines is not taken."""
    return {
        "mode": "deployment",
        "fullnameOverride": COLLECTOR,
        "image": {
            "repository": "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib"
        },
        "replicaCount": replicas(Addon.OPENTELEMETRY_COLLECTOR, "collector"),
        "serviceAccount": {"name": COLLECTOR},
        # `runAsNonRoot` needs a number; 10001 is the image's own
        "podSecurityContext": {**POD_SECURITY, "runAsUser": 10001},
        "securityContext": RESTRICTED,
        "resources": resources(Addon.OPENTELEMETRY_COLLECTOR, "collector"),
        "nodeSelector": SYSTEM_NODES,
        "topologySpreadConstraints": spread(_PODS),
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "ports": {**{port: {"enabled": False} for port in _UNUSED_PORTS}, "metrics": {"enabled": True}},
        "alternateConfig": _config(facts),
    }


def _config(facts: AddonFacts) -> dict[str, Any]:
    return {
        "extensions": {"health_check": {"endpoint": f"{_OWN_ADDRESS}:{_HEALTH_PORT}"}},
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"{_OWN_ADDRESS}:{OTLP_PORT}"},
                    "http": {"endpoint": f"{_OWN_ADDRESS}:{_OTLP_HTTP_PORT}"},
                }
            }
        },
        "processors": {
            # spans are refused before the collector runs out of memory
            "memory_limiter": {"check_interval": "5s", "limit_percentage": 80, "spike_limit_percentage": 25},
            # who asked for what may stand behind the question mark
            "transform": {"trace_statements": ['replace_pattern(span.attributes["http.url"], "[?].*$", "")']},
            "batch": {},
        },
        "exporters": {
            "awsxray": {
                "region": facts.region,
                # pods can't reach the instance's metadata
                "local_mode": True,
                "indexed_attributes": [VARIANT_ATTRIBUTE],
            }
        },
        "service": {
            "extensions": ["health_check"],
            "telemetry": {
                "metrics": {
                    "readers": [{"pull": {"exporter": {"prometheus": {"host": _OWN_ADDRESS, "port": _METRICS_PORT}}}}]
                }
            },
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "transform", "batch"],
                    "exporters": ["awsxray"],
                }
            },
        },
    }


def _statements(_: AddonFacts) -> list[Statement]:
    """Only to hand in spans; X-Ray knows no resource to narrow it to."""
    return [Statement("SendSpans", ("xray:PutTraceSegments",), ("*",))]


DEFINITION: Final = AddonDefinition(
    addon=Addon.OPENTELEMETRY_COLLECTOR,
    chart=TESTED_VERSIONS.opentelemetry_collector,
    values=_values,
    service_account=COLLECTOR,
    statements=_statements,
    scrapes=(Scrape(COLLECTOR, _PODS, "metrics"),),
)
