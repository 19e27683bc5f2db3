"""The loads under which the shipped services are rehearsed while nothing is wrong."""

from __future__ import annotations

from typing import Final

from serving.blueprint.schema.signals import Signal
from tests.cluster.rehearsals.exporter import Load, Quality

FRAUD: Final = Load(rps=200)

CHATTING: Final = Quality(
    latency_ms=4_000,
    signals={Signal.QUEUE_DEPTH: 1, Signal.UTILIZATION: 50, Signal.TIME_TO_FIRST_TOKEN_P95: 300},
)
CHAT: Final = Load(rps=8, stable=CHATTING, canary=CHATTING)

EVERYDAY: Final = {"fraud-score": FRAUD, "chat": CHAT}
