"""The description of an inference server, the same for all engines.

Owns the shape and the two directories that every server is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MODEL_DIRECTORY: Final = "/models"
"""Where the verified model lies when the server starts, read-only."""

SCRATCH_DIRECTORY: Final = "/tmp"  # noqa: S108  a volume of the pod's own, of limited size
"""The only place besides shared memory that a server may write to."""


class Transport(StrEnum):
    """What is spoken on a port, in the words of a Service's `appProtocol`."""

    HTTP = "http"
    GRPC = "kubernetes.io/h2c"
    """HTTP/2 in clear text, which gRPC needs (Kubernetes: KEP-3726, standard application protocols)."""


@dataclass(frozen=True, slots=True)
class Server:
    """How one engine runs one model.

    Attributes:
        port: Where requests go.
        transport: What is spoken there.
        health_port: Where liveness and readiness are asked for.
        liveness_path: Answers 200 while the process is well.
        readiness_path: Answers 200 when the model is loaded.
        arguments: Arguments of the container; the entry point is the image's own unless `command` is given.
        command: Replaces the image's entry point where that does not serve.
        environment: Environment variables.
        further_ports: Name -> port of what else listens (metrics, a second protocol).
        shared_memory: Whether processes of the server talk through /dev/shm.
        drains: Whether it ends running requests when it is told to stop; else it must not be told before they ended.
        follower_arguments: Arguments on the further nodes of a replica that spans several; they answer nobody.
    """

    port: int
    liveness_path: str
    readiness_path: str
    arguments: tuple[str, ...]
    command: tuple[str, ...] = ()
    transport: Transport = Transport.HTTP
    health_port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    further_ports: Mapping[str, int] = field(default_factory=dict)
    shared_memory: bool = False
    drains: bool = True
    follower_arguments: tuple[str, ...] = ()

    @property
    def ports(self) -> Mapping[str, int]:
        """Name -> port of all that listens."""
        return {"serve": self.port, **self.further_ports}

    @property
    def probe_port(self) -> int:
        """Where probes go: the requests' own port unless the engine has another for health."""
        return self.health_port or self.port
