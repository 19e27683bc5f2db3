"""The faults, chapter by chapter: every module here holds some as `FAULTS`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from tests.policies.mutation.fault import Fault


def all_faults() -> Iterator[Fault]:
    """Every fault of every chapter."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        yield from importlib.import_module(f"{__name__}.{module}").FAULTS
