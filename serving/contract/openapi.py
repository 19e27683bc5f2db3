"""The public contract of a version as an OpenAPI document, for tests and for consumers who generate clients."""

from __future__ import annotations

from typing import Any

from serving.blueprint.headers import VERSION_HEADER
from serving.blueprint.schema.contract import Contract


def versions(contract: Contract) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Version -> its public request and response, the current one first."""
    known = {contract.version: (dict(contract.public_request), dict(contract.public_response))}
    for older in contract.supported_versions:
        request = contract.public_request if older.request is None else older.request
        response = contract.public_response if older.response is None else older.response
        known[older.version] = (dict(request), dict(response))
    return known


def document(contract: Contract, version: str) -> dict[str, Any]:
    """OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as those of a blueprint are.

    Raises:
        ValueError: The contract does not say on which path requests come.
        KeyError: The contract has no such version.
    """
    if contract.request_path is None:
        raise ValueError("the contract does not say on which path requests come: state contract.path")
    request, response = versions(contract)[version]
    asked = {"name": VERSION_HEADER, "in": "header", "required": True, "schema": {"const": version}}
    problem = {"description": "Refused", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    operation = {
        "parameters": [asked],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": {"schema": response}}},
            **dict.fromkeys(("400", "413", "415", "422"), problem),
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "The public contract", "version": version},
        "paths": {contract.request_path: {"post": operation}},
    }
