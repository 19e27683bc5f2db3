"""Puts one fault into what a program registers; imported by the program of a copy of the project.

Runs inside of that program, under the real engine and under the embedded preview alike, and so imports nothing of ours.
`MUTANT` names a file with one resource (`type`, `name`) and what is registered instead (`object`, on the wire's terms,
`protect`, `ignoreChanges`); without it nothing is changed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.settings import get_monitor


def _mutate(path: str) -> None:
    fault = json.loads(Path(path).read_text(encoding="utf-8"))
    monitor: Any = get_monitor()
    register = monitor.RegisterResource

    def faulty(request: Any, *rest: Any, **more: Any) -> Any:
        if (request.type, request.name) == (fault["type"], fault["name"]):
            request.object.Clear()
            json_format.ParseDict(fault["object"], request.object)
            request.protect = fault["protect"]
            request.ignoreChanges[:] = fault["ignoreChanges"]
        return register(request, *rest, **more)

    monitor.RegisterResource = faulty


if os.environ.get("MUTANT"):
    _mutate(os.environ["MUTANT"])
