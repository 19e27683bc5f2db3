"""How long a request may take, as the contract says, and how long a connection waits for the next one."""

from __future__ import annotations

import math
from typing import Final

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Stages

UPSTREAM_IDLE_SECONDS: Final = 60
"""The gateway closes a connection to a replica after so long without a request. Replicas keep theirs longer: who
closes first must be who sends, or a request meets a connection that is just being closed and is answered 503."""

SERVER_IDLE_SECONDS: Final = 4
"""As above, where requests go to the model server itself: uvicorn, on which most servers stand, closes after five
seconds (uvicorn 0.54.0, `Config.timeout_keep_alive`, read 2026-11)."""


def request_seconds(blueprint: Blueprint) -> int:
    """Time after which a request is given up: all stages' timeouts, one after the other.

    Where the inference stage states none, it is twice the loosest latency objective.
    """
    stages = blueprint.contract.stages
    timeouts_ms = {name: getattr(stages, name).timeout_ms for name in Stages.model_fields}
    loosest_ms = max(blueprint.slo.latency_ms.by_percentile().values())
    timeouts_ms["inference"] = timeouts_ms["inference"] or 2 * loosest_ms
    return math.ceil(sum(timeout or 0 for timeout in timeouts_ms.values()) / 1_000)
