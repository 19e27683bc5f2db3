"""The control plane of the tests, and why they are skipped where it cannot run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster.binaries import INSTALLED, find, missing
from tests.cluster.control_plane import PROGRAMS, ControlPlane


def _reason() -> str:
    """Why the tests cannot run here; empty if they can."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return "one control plane for all of them: run by `make cluster-test`"
    if lacking := missing():
        return f"the control plane needs {'; '.join(lacking)}"
    unbuilt = [program for program in PROGRAMS if program not in INSTALLED and find(program) is None]
    return f"not built yet, `make cluster-test` does it: {' '.join(unbuilt)}" if unbuilt else ""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    with_control_plane = [item for item in here if "control_plane" in getattr(item, "fixturenames", ())]
    reason = _reason() if with_control_plane else ""
    for item in with_control_plane:
        item.add_marker(pytest.mark.cluster)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The running control plane with every custom resource definition; shared, so tests use namespaces of their own."""
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"))
    try:
        plane.start()
        plane.install_definitions()
        yield plane
    finally:
        plane.stop()
