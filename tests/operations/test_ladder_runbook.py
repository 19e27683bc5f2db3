from __future__ import annotations

import shlex

import pytest

from serving.blueprint.ladder import rungs, switch
from serving.operations.ladder_runbook import render
from tests.documents import SERVICES, blueprint


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_has_the_very_commands_that_the_jobs_run(service: str) -> None:
    page = render([blueprint(service)])
    typed = [tuple(shlex.split(line)) for line in page.splitlines() if line.startswith("kubectl patch")]
    assert typed == [switch(rung, on=on) for rung in rungs(blueprint(service)) for on in (True, False)]


def test_a_service_without_a_ladder_is_not_on_the_page() -> None:
    assert "embedding" not in render([blueprint("chat"), blueprint("embedding", degradation={})])
