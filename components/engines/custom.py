"""A server of the team's own, as its blueprint describes it.

Owns nothing but the translation. The server is told what it needs by environment variables, and is expected
to end running requests when it is told to stop.
"""

from components.engines.server import MODEL_DIRECTORY, Server, Transport
from serving.blueprint.schema.contract import Contract, Protocol
from serving.blueprint.schema.model import CustomEngine, Model


def server(model: Model, contract: Contract, drain_seconds: int) -> Server:
    """The image's own entry point with the blueprint's arguments."""
    described = model.engine.custom or CustomEngine()
    grpc = contract.protocol is Protocol.GRPC
    return Server(
        port=described.port,
        transport=Transport.GRPC if grpc else Transport.HTTP,
        liveness_path=described.liveness_path,
        readiness_path=described.readiness_path,
        arguments=tuple(model.engine.arguments),
        environment={
            "MODEL_DIRECTORY": MODEL_DIRECTORY,
            "MODEL_NAME": model.name,
            "MODEL_VERSION": model.version,
            "PORT": str(described.port),
            "DRAIN_SECONDS": str(drain_seconds),
        },
    )
