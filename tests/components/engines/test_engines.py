from __future__ import annotations

from typing import Any

import pytest

from components.engines import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server, server_of, vllm
from components.engines.server import Transport
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.model import EngineName, Model
from serving.telemetry.metrics import engine_metrics_endpoint
from tests.documents import blueprint, blueprint_document, changed

DRAIN_SECONDS = 77
CUSTOM = {
    "name": "custom",
    "version": "1.0.0",
    "image": "serving/own",
    "image_digest": "sha256:" + "b" * 64,
    "arguments": ["--workers=2"],
    "custom": {"port": 9000, "readiness_path": "/r", "liveness_path": "/l", "metrics_path": "/m"},
}
TRITON = {"name": "triton", "version": "2.60.0", "image": "serving/triton", "image_digest": "sha256:" + "c" * 64}


def model(**changes: object) -> Model:
    return Model.model_validate(changed(blueprint_document("chat")["model"], changes))


def contract(protocol: str = "http") -> Contract:
    schema: dict[str, Any] = {"type": "object"}
    return Contract.model_validate({"version": "1.0.0", "protocol": protocol, "request": schema, "response": schema})


def server(protocol: str = "http", /, **changes: object) -> Server:
    return server_of(model(**changes), contract(protocol), DRAIN_SECONDS)


def engines() -> list[Any]:
    mlserver = blueprint_document("fraud-score")["model"]["engine"]
    return [
        pytest.param({}, id="vllm"),
        pytest.param({"engine": TRITON}, id="triton"),
        pytest.param({"engine": mlserver}, id="mlserver"),
        pytest.param({"engine": CUSTOM}, id="custom"),
    ]


@pytest.mark.parametrize("engine", engines())
def test_metrics_are_exposed_on_a_port_that_the_server_declares(engine: dict[str, Any]) -> None:
    described = server(**engine)
    declared = {described.port, *described.further_ports.values()}
    assert engine_metrics_endpoint(model(**engine)).port in declared


@pytest.mark.parametrize("engine", engines())
def test_no_port_needs_privileges_or_is_declared_twice(engine: dict[str, Any]) -> None:
    described = server(**engine)
    ports = [described.port, *described.further_ports.values()]
    assert len(set(ports)) == len(ports)
    assert min(ports) > 1023


@pytest.mark.parametrize("engine", engines())
def test_a_server_is_told_where_the_verified_model_lies(engine: dict[str, Any]) -> None:
    described = server(**engine)
    told = " ".join([*described.arguments, *described.environment.values()])
    assert MODEL_DIRECTORY in told


@pytest.mark.parametrize("engine", engines())
def test_the_blueprints_arguments_come_last_so_that_they_win(engine: dict[str, Any]) -> None:
    served = model(**engine)
    count = len(served.engine.arguments)
    assert server(**engine).arguments[len(server(**engine).arguments) - count :] == served.engine.arguments


@pytest.mark.parametrize("engine", engines())
def test_whatever_a_server_writes_goes_to_the_scratch_directory(engine: dict[str, Any]) -> None:
    described = server(**engine)
    written = {value for key, value in described.environment.items() if key.endswith(("_DIR", "_ROOT", "_CACHE"))}
    assert all(value.startswith(f"{SCRATCH_DIRECTORY}/") for value in written)


@pytest.mark.parametrize(("version", "drains"), [("0.17.9", False), ("0.18.0", True), ("1.0.0", True)])
def test_vllm_is_told_to_drain_from_the_version_that_can(version: str, drains: bool) -> None:
    engine = model().engine.model_copy(update={"version": version})
    assert (engine.release >= vllm.SHUTDOWN_TIMEOUT_SINCE) is drains


def test_vllm_is_told_how_long_running_requests_may_take_to_end() -> None:
    assert f"--shutdown-timeout={DRAIN_SECONDS}" in server().arguments
    assert not any("shutdown-timeout" in one for one in server(**{"engine.version": "0.17.1"}).arguments)


def test_vllm_splits_the_model_over_all_accelerators_of_a_replica() -> None:
    assert not any("tensor-parallel" in argument for argument in server().arguments)
    assert "--tensor-parallel-size=4" in server(**{"resources.accelerators": 4}).arguments


def test_vllm_serves_under_the_models_own_name_and_fetches_nothing() -> None:
    assert f"--served-model-name={model().name}" in server().arguments
    assert server().environment["HF_HUB_OFFLINE"] == "1"


def test_a_stand_in_answers_to_the_name_that_consumers_ask_for() -> None:
    arguments = server_of(model(), contract(), DRAIN_SECONDS, also_named=("asked-for",)).arguments
    place = arguments.index("--served-model-name")
    assert arguments[place + 1 : place + 3] == (model().name, "asked-for")
    assert arguments[place + 3].startswith("--")


@pytest.mark.parametrize(("quantization", "named"), [("none", False), ("int8", False), ("fp8", True), ("awq", True)])
def test_vllm_is_told_a_quantization_that_the_checkpoint_does_not_state(quantization: str, named: bool) -> None:
    arguments = server(quantization=quantization).arguments
    assert any(argument.startswith("--quantization=") for argument in arguments) is named


def test_triton_waits_for_running_requests_as_long_as_the_pod_does() -> None:
    assert f"--exit-timeout-secs={DRAIN_SECONDS}" in server(engine=TRITON).arguments


def test_triton_loads_no_model_on_request() -> None:
    assert "--model-control-mode=none" in server(engine=TRITON).arguments


@pytest.mark.parametrize("engine", engines()[1:3])
def test_a_grpc_contract_is_served_on_the_grpc_port_and_probed_over_http(engine: dict[str, Any]) -> None:
    http, grpc = server("http", **engine), server("grpc", **engine)
    assert (grpc.transport, http.transport) == (Transport.GRPC, Transport.HTTP)
    assert grpc.port == http.further_ports["grpc"]
    assert grpc.probe_port == http.port


def test_a_custom_server_is_run_as_its_blueprint_describes_it() -> None:
    described = server(engine=CUSTOM)
    assert (described.port, described.readiness_path, described.liveness_path) == (9000, "/r", "/l")
    assert described.environment["DRAIN_SECONDS"] == str(DRAIN_SECONDS)
    assert described.command == ()


def test_every_engine_of_the_blueprint_can_be_run() -> None:
    from components import engines as module

    assert set(module._ENGINES) == set(EngineName)


def test_the_shipped_services_run() -> None:
    for service in ("chat", "embedding", "fraud-score"):
        shipped = blueprint(service)
        assert server_of(shipped.model, shipped.contract, DRAIN_SECONDS).arguments


OVER_NODES: dict[str, object] = {
    "resources.nodes": 2,
    "resources.accelerator": "nvidia-h100",
    "resources.accelerators": 8,
}


def test_vllm_splits_tensors_inside_a_node_and_layers_over_nodes() -> None:
    described = server(**OVER_NODES)
    for arguments in (described.arguments, described.follower_arguments):
        assert "--tensor-parallel-size=8" in arguments
        assert "--pipeline-parallel-size=2" in arguments
        assert "--nnodes=2" in arguments


def test_leader_and_followers_differ_in_their_rank_and_that_followers_serve_nobody() -> None:
    described = server(**OVER_NODES)
    leader, followers = set(described.arguments), set(described.follower_arguments)
    assert leader - followers == {"--node-rank=0"}
    assert followers - leader == {"--node-rank=$(LWS_WORKER_INDEX)", "--headless"}


@pytest.mark.parametrize("engine", engines())
def test_a_replica_of_one_node_has_no_followers(engine: dict[str, Any]) -> None:
    assert server(**engine).follower_arguments == ()
    assert not any("nnodes" in argument for argument in server(**engine).arguments)
