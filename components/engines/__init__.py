"""Inference servers: what the platform must know of each to run it, stated once.

Owns the words in which an engine describes itself (`Server`) and the choice of the module that knows it. The
names of its metrics are the business of `serving.telemetry.metrics`.
"""

from components.engines import custom, mlserver, triton, vllm
from components.engines.server import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.model import EngineName, Model

_ENGINES = {
    EngineName.VLLM: vllm.server,
    EngineName.TRITON: triton.server,
    EngineName.MLSERVER: mlserver.server,
    EngineName.CUSTOM: custom.server,
}


def server_of(model: Model, contract: Contract, drain_seconds: int, also_named: tuple[str, ...] = ()) -> Server:
    """How the model's engine is run.

    Args:
        model: The model and its engine.
        contract: What the server must answer; decides between its HTTP and its gRPC port.
        drain_seconds: Time that running requests are given to end, once no new one arrives.
        also_named: Further names by which requests ask for the model. vLLM reads the name from the body, where nobody
            can change it on the way; where it stands in the path, the gateway does (`components.degradation`).
    """
    if also_named and model.engine.name is EngineName.VLLM:
        return vllm.server(model, contract, drain_seconds, also_named)
    return _ENGINES[model.engine.name](model, contract, drain_seconds)


__all__ = ["MODEL_DIRECTORY", "SCRATCH_DIRECTORY", "Server", "server_of"]
