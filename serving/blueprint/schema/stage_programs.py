"""Programs that run beside the server for the stages of a contract.

Owns the shape: what checks requests, and what a container that does a stage's work must state. How they are called
one after the other is `serving.stages`; how they look in a pod is rendered by the components.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section, Sha256

ADMIN_PORT = 8901
"""Where the ingress program answers probes and is scraped."""

ENTRY_PORT = 8900
"""Where the ingress program takes requests."""

TAKEN_PORTS = frozenset({8000, 8001, 8002, 8080, 8081, 8082, ENTRY_PORT, ADMIN_PORT})
"""Ports of the engines and of the ingress program; containers of one pod share them."""


class Validation(Section):
    """The program that checks requests against the contract, and calls the stages one after the other."""

    cpu: float = Field(default=0.25, gt=0, le=16, description="CPUs that it requests.")
    memory_mib: int = Field(default=256, ge=64, le=16_384, description="Memory, MiB; request and limit.")
    response_sample_percent: float = Field(
        default=1,
        ge=0,
        le=100,
        description="Share of whole answers that are checked against the public response; none is held back.",
    )


class StageContainer(Section):
    """A container that does the work of a stage: `POST` of the stage's input, answered with its output."""

    image: str = Field(
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        max_length=200,
        description="Repository in the organisation's own registry, without host, tag or digest.",
    )
    image_digest: Sha256 = Field(description="Digest of the image; a tag is not accepted.")
    port: int = Field(ge=1_024, le=65_535, description="Where it listens, on all addresses.")
    path: str = Field(default="/", pattern="^/[^?#]*$", max_length=255, description="Where its input is posted.")
    readiness_path: str = Field(default="/ready", pattern="^/[^?#]*$", description="Answers 200 when it can work.")
    liveness_path: str = Field(default="/live", pattern="^/[^?#]*$", description="Answers 200 while it is well.")
    cpu: float = Field(gt=0, le=64, description="CPUs that it requests.")
    memory_mib: int = Field(ge=32, le=262_144, description="Memory, MiB; request and limit.")
    start_seconds: int = Field(default=30, ge=1, le=900, description="Measured time until it is ready.")
    arguments: tuple[str, ...] = Field(default=(), description="Arguments of its entry point.")

    @model_validator(mode="after")
    def _check(self) -> StageContainer:
        if self.port in TAKEN_PORTS:
            raise_findings(
                [
                    Finding(
                        ("port",),
                        f"{self.port} belongs to an engine or to the ingress program",
                        effect="two containers of one pod would listen on one port",
                        remedy=f"choose another, as 9000; taken are {', '.join(map(str, sorted(TAKEN_PORTS)))}",
                    )
                ]
            )
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """Where it is called, for the program that calls it."""
        return {"port": self.port, "path": self.path}
