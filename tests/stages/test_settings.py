from __future__ import annotations

import json

import pytest

from serving.stages.settings import SettingsError, dump, load
from tests.documents import blueprint
from tests.stages.chain import settings


@pytest.mark.parametrize("service", ["chat", "fraud-score"])
def test_what_is_written_is_what_is_read(service: str) -> None:
    rendered = settings(blueprint(service))
    assert load(dump(rendered)) == rendered


@pytest.mark.parametrize(
    "change",
    [{"unknown": 1}, {"current": "9.9.9"}, {"steps": []}, {"steps": [{"stage": "inference"}]}, {"versions": None}],
)
def test_settings_that_are_not_understood_end_the_program(change: dict[str, object]) -> None:
    document = json.loads(dump(settings(blueprint("fraud-score"))))
    with pytest.raises(SettingsError):
        load(json.dumps(document | change))


def test_a_service_without_the_program_has_no_settings() -> None:
    bare = blueprint("embedding", **{"contract.delivery": ["sync"], "contract.stages": {}})
    with pytest.raises(ValueError, match="embedding declares no"):
        settings(bare)
