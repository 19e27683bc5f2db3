"""MLServer: Open Inference Protocol for tabular and other Python models.

Owns how `mlserver start` is run. Facts: mlserver 1.7.1 (PyPI), `mlserver/settings.py` (ports 8080 HTTP, 8081 gRPC;
settings as `MLSERVER_*` variables), read 2026-11. It ends running requests in order when it is told
to stop and has no setting for how long that may take; over gRPC it gives them 5 seconds (`grpc/server.py`, `stop`).
"""

from components.engines.server import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server, Transport
from serving.blueprint.schema.contract import Contract, Protocol
from serving.blueprint.schema.model import Model
from serving.telemetry.metrics import engine_metrics_endpoint

_HTTP_PORT, _GRPC_PORT = 8080, 8081


def server(model: Model, contract: Contract, drain_seconds: int) -> Server:
    """`mlserver start` on the model directory."""
    grpc = contract.protocol is Protocol.GRPC
    metrics_port = engine_metrics_endpoint(model).port
    return Server(
        port=_GRPC_PORT if grpc else _HTTP_PORT,
        transport=Transport.GRPC if grpc else Transport.HTTP,
        health_port=_HTTP_PORT,
        liveness_path="/v2/health/live",
        readiness_path="/v2/health/ready",
        command=("mlserver", "start"),
        arguments=(MODEL_DIRECTORY, *model.engine.arguments),
        environment={
            "MLSERVER_HTTP_PORT": str(_HTTP_PORT),
            "MLSERVER_GRPC_PORT": str(_GRPC_PORT),
            "MLSERVER_METRICS_PORT": str(metrics_port),
            "MLSERVER_DEBUG": "false",
            # by default below the working directory, which is read-only
            "MLSERVER_METRICS_DIR": f"{SCRATCH_DIRECTORY}/metrics",
            "MLSERVER_ENVIRONMENTS_DIR": f"{SCRATCH_DIRECTORY}/environments",
        },
        further_ports={"metrics": metrics_port} | ({"http": _HTTP_PORT} if grpc else {"grpc": _GRPC_PORT}),
        # workers are processes; their queues live in shared memory
        shared_memory=True,
    )
