from __future__ import annotations

import pulumi
import pytest

from components.access_log import telemetry_format
from components.addons.opentelemetry_collector import COLLECTOR, OTLP_PORT
from components.edge import GATEWAY_HEALTH_PATH, GATEWAY_PORT
from components.gateway import WIRING, Gateway, GatewayArgs, GatewaySpec
from components.manifest import KubernetesObject
from components.node_labels import PURPOSE_LABEL
from serving.blueprint.errors import InputError
from serving.blueprint.gateway_share import PROXY_CPU_MILLICORES, PROXY_MEMORY_MIB, SHARED_PER_PROXY
from serving.blueprint.tags import PLATFORM_SERVICE, TagKey
from serving.blueprint.versions import TESTED_VERSIONS
from tests.components.recorder import UNKNOWN, Recorded, Recorder

_BUFFER_KIB = 32  # of a connection: Envoy Gateway's default


@pytest.fixture
def args(tags: dict[str, str]) -> GatewayArgs:
    return {"environment": "test", "target_group_arn": "arn:aws:elasticloadbalancing:test", "tags": tags}


@pytest.fixture
def recorded(record: Recorder, args: GatewayArgs) -> Recorded:
    return record(lambda: Gateway("gateway", args))


def test_arguments_are_exactly_what_is_validated_or_wired() -> None:
    assert set(GatewayArgs.__annotations__) == set(GatewaySpec.model_fields) | WIRING


def test_listener_service_and_target_group_agree_on_the_port(recorded: Recorded) -> None:
    (listener,) = recorded.one("Gateway", "gateway-gateway")["spec"]["listeners"]
    binding = recorded.one("TargetGroupBinding")["spec"]
    service = recorded.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyService"]
    assert listener["port"] == binding["serviceRef"]["port"] == GATEWAY_PORT
    assert binding["serviceRef"]["name"] == service["name"]
    assert binding["targetType"] == "ip"


def test_the_proxies_are_reached_through_the_load_balancer_alone(recorded: Recorded) -> None:
    service = recorded.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyService"]
    assert service["type"] == "ClusterIP"


def test_the_listener_ends_tls_with_the_certificate_that_is_made_for_it(recorded: Recorded) -> None:
    (listener,) = recorded.one("Gateway", "gateway-gateway")["spec"]["listeners"]
    (reference,) = listener["tls"]["certificateRefs"]
    assert listener["protocol"] == "HTTPS"
    assert reference["name"] == recorded.one("Certificate")["spec"]["secretName"]


def test_a_target_group_that_does_not_exist_yet_is_bound_all_the_same(record: Recorder, args: GatewayArgs) -> None:
    def program() -> None:
        group = KubernetesObject("group", {"apiVersion": "v1", "kind": "Thing"}, pulumi.ResourceOptions())
        Gateway("gateway", {**args, "target_group_arn": group.id})

    recorded = record(program)
    binding = recorded.one("TargetGroupBinding")
    assert binding["spec"]["targetGroupARN"] is UNKNOWN
    assert recorded.source_of(binding, "spec") == [recorded.named("group")]


def test_only_tenants_attach_routes(recorded: Recorded) -> None:
    (listener,) = recorded.one("Gateway", "gateway-gateway")["spec"]["listeners"]
    selector = listener["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"]
    assert {"key": TagKey.TENANT.label, "operator": "Exists"} in selector
    assert {"key": TagKey.TENANT.label, "operator": "NotIn", "values": [PLATFORM_SERVICE]} in selector


def test_the_gateway_answers_health_checks_itself(recorded: Recorded) -> None:
    assert recorded.one("ClientTrafficPolicy")["spec"]["healthCheck"] == {"path": GATEWAY_HEALTH_PATH}


def test_one_object_names_the_next(recorded: Recorded) -> None:
    gateway_class = recorded.one("GatewayClass")
    assert recorded.one("Gateway", "gateway-gateway")["spec"]["gatewayClassName"] == gateway_class["metadata"]["name"]
    assert gateway_class["spec"]["parametersRef"]["name"] == recorded.one("EnvoyProxy")["metadata"]["name"]
    assert recorded.one("Certificate")["spec"]["issuerRef"]["name"] == recorded.one("Issuer")["metadata"]["name"]


def test_a_proxy_takes_no_more_connections_than_its_memory_has_buffers_for(recorded: Recorded) -> None:
    most = recorded.one("ClientTrafficPolicy")["spec"]["connection"]["connectionLimit"]["value"]
    container = recorded.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]
    memory_kib = int(container["resources"]["limits"]["memory"].removesuffix("Mi")) * 1_024
    assert most > SHARED_PER_PROXY
    assert most * _BUFFER_KIB <= memory_kib / 2


def test_the_proxies_run_where_they_are_counted(recorded: Recorded) -> None:
    deployment = recorded.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    assert deployment["pod"]["nodeSelector"] == {PURPOSE_LABEL: "system"}
    asked = {"cpu": f"{PROXY_CPU_MILLICORES}m", "memory": f"{PROXY_MEMORY_MIB}Mi"}
    assert deployment["container"]["resources"]["requests"] == asked


def test_long_streams_outlive_a_proxy_that_is_to_go(recorded: Recorded) -> None:
    shutdown = recorded.one("EnvoyProxy")["spec"]["shutdown"]
    least, most = (int(shutdown[key].removesuffix("s")) for key in ("minDrainDuration", "drainTimeout"))
    assert 0 < least < most


def test_a_patch_of_the_proxies_configuration_is_merged(record: Recorder, args: GatewayArgs) -> None:
    patched = record(lambda: Gateway("gateway", {**args, "bootstrap": "stats: {}"}))
    assert patched.one("EnvoyProxy")["spec"]["bootstrap"] == {"type": "Merge", "value": "stats: {}"}
    assert "bootstrap" not in record(lambda: Gateway("gateway", args)).one("EnvoyProxy")["spec"]


def test_custom_resources_wait_for_the_controllers_that_bring_their_kinds(record: Recorder, args: GatewayArgs) -> None:
    def program() -> None:
        before = Gateway("before", args)
        Gateway("after", args, pulumi.ResourceOptions(depends_on=[before.gateway]))

    recorded = record(program)
    before = recorded.named("before-gateway").urn
    for first in ("after-proxies", "after-issuer"):
        assert before in recorded.named(first).dependencies


def test_fewer_than_two_proxies_are_refused(record: Recorder, args: GatewayArgs) -> None:
    def program() -> None:
        with pytest.raises(InputError, match="replicas"):
            Gateway("gateway", {**args, "replicas": 1})

    record(program)


def test_spans_go_to_the_collector_and_none_are_made_unless_a_service_asks(recorded: Recorded) -> None:
    tracing = recorded.one("EnvoyProxy")["spec"]["telemetry"]["tracing"]
    (collector,) = tracing["provider"]["backendRefs"]
    chart = TESTED_VERSIONS.opentelemetry_collector
    assert (collector["name"], collector["namespace"], collector["port"]) == (COLLECTOR, chart.namespace, OTLP_PORT)
    assert tracing["samplingFraction"] == {"numerator": 0}
    assert "clientSamplingFraction" not in tracing


def test_lines_go_to_the_proxys_own_output_where_they_are_collected(recorded: Recorded) -> None:
    assert recorded.one("EnvoyProxy")["spec"]["telemetry"]["accessLog"] == telemetry_format()
