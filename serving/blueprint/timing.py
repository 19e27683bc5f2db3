"""How long a request may take, as the contract says, and how long a connection waits for the next one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from serving.blueprint.crosschecks import tightest_latency
from serving.blueprint.schema.contract import Contract, Stages
from serving.blueprint.schema.slo import Slo

if TYPE_CHECKING:
    from serving.blueprint.schema import Blueprint

UPSTREAM_IDLE_SECONDS: Final = 60
"""The gateway closes a connection to a replica after so long without a request. Replicas keep theirs longer: who
closes first must be who sends, or a request meets a connection that is just being closed and is answered 503."""

SERVER_IDLE_SECONDS: Final = 4
"""As above, where requests go to the model server itself: uvicorn, on which most servers stand, closes after five
seconds (uvicorn 0.54.0, `Config.timeout_keep_alive`, read 2026-11)."""


def request_seconds(blueprint: Blueprint) -> int:
    """Time after which a request is given up: all stages' timeouts, one after the other."""
    return longest_request_seconds(blueprint.contract, blueprint.slo)


def longest_request_seconds(contract: Contract, slo: Slo) -> int:
    """The same of the two sections that say it."""
    return math.ceil(sum(stage_timeouts_ms(contract, slo).values()) / 1_000)


def stage_timeouts_ms(contract: Contract, slo: Slo) -> dict[str, int]:
    """Time of each stage.

    Where none is stated the model has twice the loosest latency objective, a container the tightest one, and a stage
    that nothing works on none.
    """
    stages = contract.stages
    defaults = dict.fromkeys(stages.containers, tightest_latency(contract, slo)[0])
    defaults["inference"] = 2 * max(slo.latency_ms.by_percentile().values())
    return {name: getattr(stages, name).timeout_ms or defaults.get(name, 0) for name in Stages.model_fields}
