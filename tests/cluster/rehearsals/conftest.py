"""The theatre that all rehearsals share: one control plane, one set of controllers, built once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.rehearsals import programme
from tests.cluster.rehearsals.api import Api
from tests.cluster.rehearsals.controllers import (
    Controller,
    free_port,
    start_keda,
    start_prometheus,
    start_rollouts,
    traffic_router,
)
from tests.cluster.rehearsals.exporter import Exporter
from tests.cluster.rehearsals.kwok import write_stages
from tests.cluster.rehearsals.theatre import Theatre
from tests.cluster.rehearsals.world import World


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    kubeconfig, binaries = Path(os.environ["REHEARSAL_KUBECONFIG"]), Path("/root/cp/bin")
    directory = tmp_path_factory.mktemp("rehearsals")
    api = Api(kubeconfig)
    with ExitStack() as stack:
        world = World(api)
        stack.callback(world.stop)
        port = free_port()
        exporter = Exporter(world, port)
        stack.callback(exporter.stop)
        prometheus, address = start_prometheus(directory, port)
        stack.callback(prometheus.stop)
        kwok = Controller(
            "kwok",
            [
                binaries / "kwok",
                f"--kubeconfig={kubeconfig}",
                f"--config={write_stages(directory / 'stages.yaml')}",
                "--manage-all-nodes=true",
                "--node-lease-duration-seconds=40",
            ],
            directory,
        )
        stack.callback(kwok.stop)
        router = traffic_router(binaries)
        programme.note("traffic router", str(router))
        stack.callback(start_rollouts(api, kubeconfig, binaries, directory, router).stop)
        for one in start_keda(api, kubeconfig, binaries, directory):
            stack.callback(one.stop)
        yield Theatre(api, kubeconfig, binaries / "kubectl", world, exporter, address)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    written = list(programme.lines())
    if written:
        terminalreporter.section("rehearsals")
        for line in written:
            terminalreporter.write_line(line)
