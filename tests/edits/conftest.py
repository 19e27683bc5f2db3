"""Loads what the component tests load: packages of pulumi-aws that warn on import."""

from tests.components import conftest as _loaded  # noqa: F401
