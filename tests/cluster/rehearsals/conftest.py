"""The theatre that all rehearsals share: the tests' control plane, and the controllers that act on services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import free_port
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.controllers import start_keda, start_prometheus, start_rollouts, traffic_router
from tests.cluster.rehearsals.exporter import Exporter
from tests.cluster.rehearsals.kwok import start_kwok
from tests.cluster.rehearsals.theatre import Theatre
from tests.cluster.rehearsals.world import World


@pytest.fixture(scope="session")
def theatre(control_plane: ControlPlane) -> Iterator[Theatre]:
    world, port, router = World(control_plane.api), free_port(), traffic_router()
    exporter = Exporter(world, port)
    programme.note("traffic router", str(router))
    try:
        prometheus_url = start_prometheus(control_plane, port)
        start_kwok(control_plane)
        start_rollouts(control_plane, router)
        start_keda(control_plane)
        yield Theatre(control_plane, world, exporter, prometheus_url)
    finally:
        exporter.stop()
        world.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    written = list(programme.lines())
    if written:
        terminalreporter.section("rehearsals")
        for line in written:
            terminalreporter.write_line(line)
