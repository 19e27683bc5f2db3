from __future__ import annotations

import pytest

from serving.blueprint.fleet import environment_findings
from tests.documents import SERVICES, blueprint, environment

STATED = {"issuer": "https://login.test/", "jwks_uri": "https://login.test/keys", "audiences": ["serving"]}


def told(stack: str, callers: object, **changes: object) -> list[str]:
    services = {name: blueprint(name, **(changes if name == "chat" else {})) for name in SERVICES}
    found = environment_findings(environment(stack, callers=callers), services)
    return [one.finding.message for one in found if one.finding.path == ("callers",) or "call" in one.finding.message]


def test_in_production_somebody_knows_the_callers_of_confidential_services() -> None:
    assert len([one for one in told("prod", None) if "authenticates" in one]) == 2  # embedding is internal
    assert told("prod", STATED) == []
    assert told("dev", None) == []


@pytest.mark.parametrize("callers", [None, {"authentication": "provided"}])
def test_answers_that_are_fetched_later_have_an_owner(callers: object) -> None:
    [message] = [one for one in told("prod", callers) if "later" in one]
    assert "'embedding'" in message
    assert "internal" in message


def test_confidential_data_is_not_for_everybody_with_a_token() -> None:
    (message,) = told("prod", STATED, **{"governance.access.invoke": []})
    assert "confidential" in message


@pytest.mark.parametrize("missing", list(STATED))
def test_tokens_are_verified_in_full_or_not_at_all(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        environment("prod", callers={key: value for key, value in STATED.items() if key != missing})


def test_a_provider_that_nobody_asks_is_refused() -> None:
    with pytest.raises(ValueError, match="authentication is provided by others"):
        environment("prod", callers={"authentication": "provided", "issuer": "https://login.test/"})
