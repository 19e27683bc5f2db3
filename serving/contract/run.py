"""The contract tests as a command runs them: what is missing for them is bad input, not a trace."""

from __future__ import annotations

from importlib.util import find_spec

from serving.blueprint.errors import InputError, Problem
from serving.blueprint.schema.contract import Contract


def promises_broken_by(contract: Contract, url: str, *, examples: int, seed: int) -> list[str]:
    """As `conformance.broken_promises`.

    Raises:
        InputError: The packages are not installed, the contract says no path, or nobody answers.
    """
    if find_spec("schemathesis") is None:
        remedy = 'install it: pip install "serving-blueprints[contract]", or run make contract-test'
        raise InputError([Problem("serving contract-test", 0, 0, "", "needs the extra `contract`", remedy=remedy)])
    if contract.request_path is None:
        remedy = "state where requests are posted"
        raise InputError([Problem("serving contract-test", 0, 0, "contract.path", "is missing", remedy=remedy)])
    import httpx

    from serving.contract.conformance import broken_promises

    try:
        return broken_promises(contract, url, examples=examples, seed=seed)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"nobody answers: {error}"
        remedy = "for a service in a cluster: kubectl port-forward, and the local address"
        raise InputError([Problem(url, 0, 0, "", why, remedy=remedy)]) from error
