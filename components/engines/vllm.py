"""vLLM: OpenAI-compatible serving of language and embedding models.

Owns how `vllm serve` is run. Facts: the source distributions on PyPI, read 2026-11: 0.33.0 (`vllm/engine/arg_utils.py`,
`vllm/entrypoints/serve/instrumentator`: requests, `/health` and metrics on one port); for `--shutdown-timeout` 0.17.1,
which does not have it, and 0.18.0, which does; for replicas that span nodes 0.32.0 (`vllm/config/parallel.py`: several
nodes are joined by multiprocessing where `--nnodes` says so, Ray only where it is asked for; `docs/serving/
parallelism_scaling.md`, `docs/deployment/frameworks/lws.md`).

A replica that spans nodes is one server: the first node takes requests and answers for the group, `/health` turns good
when all nodes have joined; the others run workers without a port (`--headless`). Tensors are split inside a node, where
the accelerators are joined best, layers over the nodes.
"""

from collections.abc import Iterator
from typing import Final

from components.engines.server import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.model import Model, Quantization
from serving.telemetry.metrics import engine_metrics_endpoint

SHUTDOWN_TIMEOUT_SINCE: Final = (0, 18, 0)

LEADER_ADDRESS: Final = "$(LWS_LEADER_ADDRESS)"
WORKER_INDEX: Final = "$(LWS_WORKER_INDEX)"
"""Variables that the LeaderWorkerSet controller gives each container; the kubelet puts in their values
(kubernetes-sigs/lws v0.10.0, `pkg/utils/pod/pod_utils.go`, read 2026-11)."""

_READ_FROM_CHECKPOINT = frozenset({Quantization.NONE, Quantization.INT8})
"""What vLLM finds out from the checkpoint's own configuration; naming it would be refused or redundant."""


def server(model: Model, contract: Contract, drain_seconds: int, also_named: tuple[str, ...] = ()) -> Server:
    """`vllm serve` with the model's name as consumers say it, split over the replica's accelerators.

    It answers to all of its names and gives the first one in answers (vllm-project/vllm#2894, read 2026-11).
    """
    port = engine_metrics_endpoint(model).port
    spans, drains = model.resources.spans_nodes, model.engine.release >= SHUTDOWN_TIMEOUT_SINCE
    arguments = (
        MODEL_DIRECTORY,
        *_named(model.name, also_named),
        f"--port={port}",
        *_parallel(model),
        *_quantization(model),
        *((f"--shutdown-timeout={drain_seconds}",) if drains else ()),
        *model.engine.arguments,
    )
    return Server(
        port=port,
        liveness_path="/health",
        readiness_path="/health",
        command=("vllm", "serve"),
        arguments=(*arguments, "--node-rank=0") if spans else arguments,
        follower_arguments=(*arguments, f"--node-rank={WORKER_INDEX}", "--headless") if spans else (),
        environment={
            "HF_HUB_OFFLINE": "1",  # what serves was verified; nothing is fetched behind the verifier's back
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_CACHE_ROOT": f"{SCRATCH_DIRECTORY}/vllm",
            "TRITON_CACHE_DIR": f"{SCRATCH_DIRECTORY}/triton",
            "TORCHINDUCTOR_CACHE_DIR": f"{SCRATCH_DIRECTORY}/inductor",
        },
        # tensor parallel workers exchange activations through shared memory
        shared_memory=True,
        drains=drains,
    )


def _named(name: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return ("--served-model-name", name, *others) if others else (f"--served-model-name={name}",)


def _parallel(model: Model) -> Iterator[str]:
    """How the model is split; the same on every node of a replica."""
    resources = model.resources
    if resources.accelerators > 1:
        yield f"--tensor-parallel-size={resources.accelerators}"
    if resources.spans_nodes:
        yield f"--pipeline-parallel-size={resources.nodes}"
        yield f"--nnodes={resources.nodes}"
        yield f"--master-addr={LEADER_ADDRESS}"


def _quantization(model: Model) -> tuple[str, ...]:
    if model.quantization in _READ_FROM_CHECKPOINT:
        return ()
    return (f"--quantization={model.quantization.value}",)
