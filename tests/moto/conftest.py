"""No test here may reach AWS: credentials are made up, and moto must be active."""

from __future__ import annotations

import pytest

from tests.components import conftest as _loaded  # noqa: F401  (loads the noisy packages of pulumi-aws)


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
