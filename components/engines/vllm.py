"""vLLM: OpenAI-compatible serving of language and embedding models.

Owns how `vllm serve` is run. Facts: the source distributions on PyPI, read 2026-11: 0.33.0 (`vllm/engine/arg_utils.py`,
`vllm/entrypoints/serve/instrumentator`: requests, `/health` and metrics on one port) and, for `--shutdown-timeout`,
0.17.1, which does not have it, and 0.18.0, which does.
"""

from components.engines.server import MODEL_DIRECTORY, SCRATCH_DIRECTORY, Server
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.model import Model, Quantization
from serving.telemetry.metrics import engine_metrics_endpoint

_SHUTDOWN_TIMEOUT_SINCE = (0, 18, 0)
_READ_FROM_CHECKPOINT = frozenset({Quantization.NONE, Quantization.INT8})
"""What vLLM finds out from the checkpoint's own configuration; naming it would be refused or redundant."""


def server(model: Model, contract: Contract, drain_seconds: int, also_named: tuple[str, ...] = ()) -> Server:
    """`vllm serve` with the model's name as consumers say it, split over the replica's accelerators.

    It answers to all of its names and gives the first one in answers (vllm-project/vllm#2894, read 2026-11).
    """
    port = engine_metrics_endpoint(model).port
    accelerators = model.resources.accelerators
    return Server(
        port=port,
        liveness_path="/health",
        readiness_path="/health",
        command=("vllm", "serve"),
        arguments=(
            MODEL_DIRECTORY,
            *_named(model.name, also_named),
            f"--port={port}",
            *((f"--tensor-parallel-size={accelerators}",) if accelerators > 1 else ()),
            *_quantization(model),
            *((f"--shutdown-timeout={drain_seconds}",) if _drains(model) else ()),
            *model.engine.arguments,
        ),
        environment={
            "HF_HUB_OFFLINE": "1",  # what serves was verified; nothing is fetched behind the verifier's back
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_CACHE_ROOT": f"{SCRATCH_DIRECTORY}/vllm",
            "TRITON_CACHE_DIR": f"{SCRATCH_DIRECTORY}/triton",
            "TORCHINDUCTOR_CACHE_DIR": f"{SCRATCH_DIRECTORY}/inductor",
        },
        # tensor parallel workers exchange activations through shared memory
        shared_memory=True,
        drains=_drains(model),
    )


def _named(name: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return ("--served-model-name", name, *others) if others else (f"--served-model-name={name}",)


def _quantization(model: Model) -> tuple[str, ...]:
    if model.quantization in _READ_FROM_CHECKPOINT:
        return ()
    return (f"--quantization={model.quantization.value}",)


def _drains(model: Model) -> bool:
    """Whether this version waits for running requests; older ones end them when they are told to stop."""
    numbers = model.engine.version.split("-")[0].split(".")
    return tuple(int(number) for number in numbers) >= _SHUTDOWN_TIMEOUT_SINCE
