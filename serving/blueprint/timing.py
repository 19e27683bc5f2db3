"""How long a request may take, as the contract says."""

from __future__ import annotations

import math

from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Stages


def request_seconds(blueprint: Blueprint) -> int:
    """Time after which a request is given up: all stages' timeouts, one after the other.

    Where the inference stage states none, it is twice the loosest latency objective.
    """
    stages = blueprint.contract.stages
    timeouts_ms = {name: getattr(stages, name).timeout_ms for name in Stages.model_fields}
    loosest_ms = max(blueprint.slo.latency_ms.by_percentile().values())
    timeouts_ms["inference"] = timeouts_ms["inference"] or 2 * loosest_ms
    return math.ceil(sum(timeout or 0 for timeout in timeouts_ms.values()) / 1_000)
