"""Section `model`: the artifact that is served, the engine that serves it and what both need."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Identifier, Name, Seconds, Section, SemanticVersion, Sha256
from serving.blueprint.schema.sharing import AcceleratorShare, SharingKind

_COPY_SLACK = 1.1
"""The model's stated size is rounded; a volume that is too small by a byte ends every start."""


SPANS_NODES_SINCE = (0, 11, 2)
"""vLLM that spans nodes by multiprocessing: `--nnodes`, and headless further nodes (source distributions on PyPI of
0.11.2, 0.12.0 and 0.32.0, `vllm/engine/arg_utils.py`, `vllm/entrypoints/cli/serve.py`, read 2026-11)."""

_ALIAS = "alias/"
_KEY_ALIAS = re.compile(rf"{_ALIAS}[A-Za-z0-9/_-]+", re.ASCII)  # AWS KMS API reference, CreateAlias, read 2026-11-26

_OWNED_WHERE_NODES_ARE_SPANNED = frozenset(
    {
        *("--nnodes", "-n", "--node-rank", "-r", "--master-addr", "--master-port", "--headless"),
        *("--tensor-parallel-size", "-tp", "--pipeline-parallel-size", "-pp", "--data-parallel-size", "-dp"),
        "--distributed-executor-backend",
    }
)


class EngineName(StrEnum):
    """The inference servers that the platform knows how to run."""

    VLLM = "vllm"
    TRITON = "triton"
    MLSERVER = "mlserver"
    CUSTOM = "custom"
    """A server of the team's own; its port, paths and metrics are stated in the blueprint."""


class ModelFormat(StrEnum):
    """Serialization formats that execute no code when they are loaded."""

    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    ONNX = "onnx"
    SKOPS = "skops"
    TENSORRT = "tensorrt"


class Accelerator(StrEnum):
    """Accelerator models; the name is the value of the node label that EKS nodes are given."""

    NONE = "none"
    NVIDIA_T4 = "nvidia-t4"
    NVIDIA_A10G = "nvidia-a10g"
    NVIDIA_L4 = "nvidia-l4"
    NVIDIA_L40S = "nvidia-l40s"
    NVIDIA_A100 = "nvidia-a100"
    NVIDIA_H100 = "nvidia-h100"


class Quantization(StrEnum):
    """How weights are stored on the accelerator."""

    NONE = "none"
    FP8 = "fp8"
    INT8 = "int8"
    AWQ = "awq"
    GPTQ = "gptq"


class CustomEngine(Section):
    """What the platform must know of a server that it does not know."""

    port: int = Field(default=8080, ge=1024, le=65_535, description="HTTP (or gRPC) port; above 1023, as non-root.")
    readiness_path: str = Field(default="/ready", pattern="^/", description="Answers 200 when the model is loaded.")
    liveness_path: str = Field(default="/live", pattern="^/", description="Answers 200 while the process is well.")
    metrics_path: str = Field(default="/metrics", pattern="^/", description="Prometheus exposition.")


class Engine(Section):
    """The inference server."""

    name: EngineName = Field(description="Which server runs the model.")
    version: SemanticVersion = Field(description="Its version; decides the metric contract.")
    image: str = Field(
        description="Repository of the image in the organisation's own registry, without host, tag or digest.",
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        max_length=200,
    )
    image_digest: Sha256 = Field(description="Digest of the image; a tag is not accepted.")
    arguments: tuple[str, ...] = Field(default=(), description="Further arguments of the server.")
    custom: CustomEngine | None = Field(default=None, description="Required for, and only for, a custom engine.")

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, without what marks a pre-release: (0, 32, 0)."""
        return tuple(int(number) for number in self.version.partition("-")[0].split("."))

    @model_validator(mode="after")
    def _check(self) -> Engine:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if (self.name is EngineName.CUSTOM) != (self.custom is not None):
            wanted = "needs" if self.name is EngineName.CUSTOM else "has no use for"
            yield Finding(
                ("custom",),
                f"engine '{self.name}' {wanted} a `custom` part",
                effect="ports, probes and metrics of the server would be unknown or contradictory",
                remedy="state `custom` for engine 'custom' and only there",
            )
        for index, argument in enumerate(self.arguments):
            if argument.replace("_", "-").startswith("--trust-remote-code"):
                yield Finding(
                    ("arguments", index),
                    f"'{argument}' is not allowed",
                    effect="code shipped beside the weights would run unsigned on the node",
                    remedy="convert the model to a format that needs no remote code",
                )


MAX_NODES = 16
"""Nodes of one replica; the largest open models fit on two to four machines of eight accelerators."""


class Resources(Section):
    """What one replica asks for, of each of its nodes; requests equal limits for memory and accelerators."""

    nodes: int = Field(
        default=1,
        ge=1,
        le=MAX_NODES,
        description="Nodes that one replica spans: tensor parallel inside a node, pipeline parallel over them.",
    )
    cpu: float = Field(default=2, gt=0, le=192, description="CPU cores requested.")
    memory_gib: float = Field(default=8, gt=0, le=2_048, description="Memory requested and limited, GiB.")
    accelerator: Accelerator = Field(default=Accelerator.NONE, description="Accelerator model; none for CPU.")
    accelerators: int = Field(default=0, ge=0, le=8, description="Whole accelerators of one replica, on each node.")
    accelerator_share: AcceleratorShare | None = Field(
        default=None, description="The share of one accelerator, where a replica needs no whole one."
    )
    ephemeral_storage_gib: float = Field(default=10, gt=0, le=4_096, description="Scratch space limit, GiB.")

    @property
    def time_sliced(self) -> bool:
        """Whether replicas take turns on an accelerator."""
        share = self.accelerator_share
        return share is not None and share.kind is SharingKind.TIME_SLICING

    @property
    def spans_nodes(self) -> bool:
        """Whether one replica is a group of pods on several nodes."""
        return self.nodes > 1

    @model_validator(mode="after")
    def _check(self) -> Resources:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if (self.accelerator is Accelerator.NONE) != (self.accelerators == 0):
            yield Finding(
                ("accelerators",),
                f"{self.accelerators} of accelerator '{self.accelerator}'",
                effect="replicas would be scheduled on the wrong nodes or never",
                remedy="name an accelerator and a count of at least 1, or neither",
            )
        elif self.spans_nodes and not self.accelerators:
            yield Finding(
                ("nodes",),
                f"{self.nodes} nodes without an accelerator",
                effect="the nodes would be joined by a fabric for nothing",
                remedy="scale by replicas instead: nodes: 1",
            )
        if self.accelerator_share is not None and self.accelerators != 1:
            yield Finding(
                ("accelerator_share",),
                f"a share of {self.accelerators} accelerators",
                effect="nobody could offer it: a share is of one accelerator, and its owner sees no other",
                remedy="state accelerators: 1, or leave the share out",
            )
        elif self.accelerator_share is not None and self.spans_nodes:
            yield Finding(
                ("accelerator_share",),
                f"a share of an accelerator on each of {self.nodes} nodes",
                effect="a replica that needs less than an accelerator would be spread over several",
                remedy="state nodes: 1, or leave the share out",
            )


class ColdStart(Section):
    """How long a replica needs from being scheduled to its first good answer, each part measured."""

    pull_seconds: Seconds = Field(default=60, description="Pulling image and weights on a fresh node.")
    load_seconds: Seconds = Field(default=30, description="Loading weights into (accelerator) memory.")
    warm_up_seconds: Seconds = Field(default=10, description="Compilation and first requests.")

    @property
    def total_seconds(self) -> int:
        """Seconds from scheduled to ready."""
        return self.pull_seconds + self.load_seconds + self.warm_up_seconds


class Manifest(Section):
    """The signed release manifest of the model."""

    path: str = Field(
        description="Key of the manifest in the model store, below the bucket.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*\.json$",
        max_length=512,
    )
    digest: Sha256 = Field(description="Digest of the manifest, which lists the digest of every file.")
    signer: str = Field(
        description="Identity that must have signed the manifest: a certificate subject, or the alias of a key of AWS "
        "KMS (`alias/NAME`), which must exist in every region of the service.",
        min_length=3,
        max_length=200,
    )

    @property
    def key_alias(self) -> str | None:
        """Alias of the key of AWS KMS that signed the manifest; None where somebody signed by name."""
        return self.signer if self.signer.startswith(_ALIAS) else None

    @model_validator(mode="after")
    def _check(self) -> Manifest:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.signer.startswith("arn:") or (self.key_alias and not _KEY_ALIAS.fullmatch(self.signer)):
            yield Finding(
                ("signer",),
                f"'{self.signer}' is no alias of a key",
                effect="replicas could not be allowed to use the key, and would never start",
                remedy=f"name the key by its alias alone, as {_ALIAS}model-signing",
            )


class Model(Section):
    """The model that is served."""

    name: Name = Field(description="Name of the model in the model store.")
    version: SemanticVersion = Field(description="Version of the model; not the contract's.")
    manifest: Manifest = Field(description="Its signed release manifest.")
    engine: Engine = Field(description="The server that runs it.")
    format: ModelFormat = Field(description="Serialization format of the weights.")
    size_gib: float = Field(gt=0, le=4_096, description="Size of all files, GiB; sizes disks and caches.")
    quantization: Quantization = Field(default=Quantization.NONE, description="How weights are stored.")
    resources: Resources = Field(default=Resources(), description="What one replica asks for.")
    cold_start: ColdStart = Field(default=ColdStart(), description="Measured cold-start profile.")
    training_run: Identifier | None = Field(
        default=None, description="Training run of this model where it differs from governance.lineage."
    )

    @property
    def copy_gib(self) -> int:
        """Room for the copy of the model that each replica fetches, GiB."""
        return math.ceil(self.size_gib * _COPY_SLACK)

    @property
    def _bounds_memory(self) -> bool:
        """Whether the engine was told how much of the accelerator's memory it may take."""
        return any(one.replace("_", "-").startswith("--gpu-memory-utilization") for one in self.engine.arguments)

    @property
    def disk_gib(self) -> int:
        """What one replica takes of its node's disk: its copy of the model and its scratch space, GiB."""
        return self.copy_gib + math.ceil(self.resources.ephemeral_storage_gib)

    @model_validator(mode="after")
    def _check(self) -> Model:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        share = self.resources.accelerator_share
        if share is not None and share.memory_gib is not None and self.size_gib > share.memory_gib:
            yield Finding(
                ("resources", "accelerator_share", "profile"),
                f"{share.profile} has {share.memory_gib:g} GiB, the model {self.size_gib:g} GiB",
                effect="its weights would not fit into the accelerator's memory",
                remedy="choose a larger part, a smaller model, or a whole accelerator",
            )
        if self.resources.time_sliced and self.engine.name is EngineName.VLLM and not self._bounds_memory:
            yield Finding(
                ("engine", "arguments"),
                "vLLM without --gpu-memory-utilization, on an accelerator that replicas take turns on",
                effect="the first replica would take nine tenths of the memory, and the next one would not start",
                remedy="state its share of the memory, e.g. --gpu-memory-utilization=0.45 where two take turns",
            )
        if self.resources.spans_nodes:
            yield from self._spanning_findings()
        prefix = f"{self.name}/{self.version}/"
        if not self.manifest.path.startswith(prefix) or ".." in self.manifest.path:
            yield Finding(
                ("manifest", "path"),
                f"'{self.manifest.path}' is not below '{prefix}'",
                effect="the service would be allowed to read other models, or would serve another one",
                remedy=f"publish the release below {prefix}",
            )

    def _spanning_findings(self) -> Iterator[Finding]:
        if self.engine.name is not EngineName.VLLM:
            yield Finding(
                ("resources", "nodes"),
                f"engine '{self.engine.name}' over {self.resources.nodes} nodes",
                effect="nothing would join the nodes to one replica",
                remedy="state nodes: 1, or serve the model with vllm",
                allowed=(EngineName.VLLM.value,),
            )
        elif self.engine.release < SPANS_NODES_SINCE:
            yield Finding(
                ("engine", "version"),
                f"vLLM {self.engine.version} spans nodes with Ray only",
                effect="the replica's further nodes could not join",
                remedy=f"choose {'.'.join(map(str, SPANS_NODES_SINCE))} or later",
            )
        for index, argument in enumerate(self.engine.arguments):
            flag = argument.partition("=")[0].replace("_", "-")
            if flag in _OWNED_WHERE_NODES_ARE_SPANNED:
                yield Finding(
                    ("engine", "arguments", index),
                    f"'{argument}' is stated by the platform for a model that spans nodes",
                    effect="the nodes of a replica would disagree about who is who",
                    remedy="leave it out; resources.nodes and resources.accelerators decide it",
                )
