"""The theatre that all rehearsals share: the tests' control plane, and the controllers that act on services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import free_port
from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.controllers import (
    leave_no_trace,
    start_keda,
    start_prometheus,
    start_rollouts,
    traffic_router,
)
from tests.cluster.rehearsals.exporter import Exporter
from tests.cluster.rehearsals.kwok import start_kwok
from tests.cluster.rehearsals.theatre import Theatre
from tests.cluster.rehearsals.world import World


@pytest.fixture(scope="package")
def theatre(control_plane: ControlPlane) -> Iterator[Theatre]:
    """Its controllers end with the rehearsals: other tests look at objects that nobody moves."""
    world, port, router = World(control_plane.api), free_port(), traffic_router()
    programme.note("traffic router", str(router))
    with ExitStack() as ends:
        ends.callback(world.stop)
        exporter = Exporter(world, port)
        ends.callback(exporter.stop)
        prometheus_url, prometheus = start_prometheus(control_plane, port)
        ends.callback(prometheus.stop)
        ends.callback(start_kwok(control_plane).stop)
        rollouts = start_rollouts(control_plane, router)
        ends.callback(rollouts.stop)
        ends.callback(leave_no_trace, control_plane.api)
        keda = start_keda(control_plane)
        for process in keda:
            ends.callback(process.stop)
        yield Theatre(control_plane, world, exporter, prometheus_url)
        for process in (rollouts, *keda):
            if process.restarts:
                programme.note(process.name, f"ended by itself and was started again, {process.restarts} times")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    written = list(programme.lines())
    if written:
        terminalreporter.section("rehearsals")
        for line in written:
            terminalreporter.write_line(line)
