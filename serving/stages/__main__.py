"""`python -m serving.stages --settings FILE`: read the settings, compile the schemas, serve until told to stop."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from serving.blueprint.schema.stage_programs import ADMIN_PORT, ENTRY_PORT
from serving.blueprint.timing import UPSTREAM_IDLE_SECONDS
from serving.stages.program import Program
from serving.stages.settings import DeliverySettings, Settings, SettingsError, load

if TYPE_CHECKING:
    from serving.stages.later import Later


def main() -> int:
    """Run; 2 where the settings are not understood, so that the pod says so at once."""
    parser = argparse.ArgumentParser(prog="serving.stages", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="the JSON document of the settings")
    parser.add_argument("--port", type=int, default=ENTRY_PORT, help="where requests come in")
    parser.add_argument("--admin-port", type=int, default=ADMIN_PORT, help="where probes and scrapes come in")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104  (a pod's own)
    options = parser.parse_args()
    try:
        settings = load(options.settings.read_text(encoding="utf-8"))
        program = Program(settings, admin_port=options.admin_port)
        if settings.delivery is not None:
            program.later = _later(settings, settings.delivery, program)
    except (OSError, SettingsError, ValueError) as error:
        sys.stderr.write(f"serving.stages: {error}\n")
        return 2
    sockets = [_listen(options.host, port) for port in (options.port, options.admin_port)]
    uvicorn.Server(server_config(program, settings)).run(sockets=sockets)
    return 0


def server_config(program: Program, settings: Settings) -> uvicorn.Config:
    """How connections are served: kept for longer than the gateway keeps them, ended in the time that requests have."""
    return uvicorn.Config(
        program,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=2 * UPSTREAM_IDLE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def _later(settings: Settings, delivery: DeliverySettings, program: Program) -> Later:
    import boto3

    from serving.stages.delivery import Deliveries
    from serving.stages.later import Later

    deliveries = Deliveries(delivery, boto3.Session())
    return Later(delivery, deliveries, program, settings.request_path, program.ready, program.metrics.waiting.set)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.create_server((host, port), backlog=2_048, reuse_port=False)
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    sys.exit(main())
