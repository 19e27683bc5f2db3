"""Triton Inference Server.

Owns how `tritonserver` is run. Facts: triton-inference-server/server, r24.04 and v2.71.0,
`src/command_line_parser.cc` and `.h` and `src/grpc/grpc_server.h` (ports 8000 HTTP, 8001 gRPC;
`--exit-timeout-secs`, `--strict-readiness`), read 2026-11.
"""

from components.engines.server import MODEL_DIRECTORY, Server, Transport
from serving.blueprint.schema.contract import Contract, Protocol
from serving.blueprint.schema.model import Model
from serving.telemetry.metrics import engine_metrics_endpoint

_HTTP_PORT, _GRPC_PORT = 8000, 8001


def server(model: Model, contract: Contract, drain_seconds: int) -> Server:
    """`tritonserver` on the model directory as its repository; ready when every model in it is."""
    grpc = contract.protocol is Protocol.GRPC
    metrics_port = engine_metrics_endpoint(model).port
    return Server(
        port=_GRPC_PORT if grpc else _HTTP_PORT,
        transport=Transport.GRPC if grpc else Transport.HTTP,
        health_port=_HTTP_PORT,
        liveness_path="/v2/health/live",
        readiness_path="/v2/health/ready",
        command=("tritonserver",),
        arguments=(
            f"--model-repository={MODEL_DIRECTORY}",
            f"--http-port={_HTTP_PORT}",
            f"--grpc-port={_GRPC_PORT}",
            f"--metrics-port={metrics_port}",
            "--strict-readiness=true",
            "--model-control-mode=none",  # no model but the verified one can be loaded over the API
            f"--exit-timeout-secs={drain_seconds}",
            *model.engine.arguments,
        ),
        further_ports={"metrics": metrics_port} | ({"http": _HTTP_PORT} if grpc else {"grpc": _GRPC_PORT}),
        # the Python backend and its stubs exchange tensors through shared memory
        shared_memory=True,
    )
