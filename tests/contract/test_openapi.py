from __future__ import annotations

import pytest

from serving.contract.openapi import document, versions
from tests.documents import blueprint

FRAUD = blueprint("fraud-score").contract


@pytest.mark.parametrize("version", versions(FRAUD))
def test_each_version_is_one_operation_that_states_its_own_schemas(version: str) -> None:
    described = document(FRAUD, version)
    operation = described["paths"]["/score"]["post"]
    request, response = versions(FRAUD)[version]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == request
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == response
    assert operation["parameters"][0]["schema"] == {"const": version}


def test_an_older_version_without_a_schema_of_its_own_has_the_current_one() -> None:
    (older,) = FRAUD.supported_versions
    known = versions(FRAUD)
    assert older.request is not None
    assert known[older.version] == (older.request, FRAUD.public_response)


def test_a_contract_without_a_path_can_not_be_described() -> None:
    nowhere = FRAUD.model_copy(update={"path": None})
    with pytest.raises(ValueError, match=r"contract\.path"):
        document(nowhere, FRAUD.version)
