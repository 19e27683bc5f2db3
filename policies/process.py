"""What the pack's process does differently from any other, so that it is soon ready.

Owns settings of the interpreter that must be made before anything else is imported. It imports nothing of the project.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib.abc import Loader
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_OBJECTS_BETWEEN_COLLECTIONS: Final = 1_000_000
_PACKAGES: Final = ("pulumi", "pulumi.runtime")
"""What stands around the protocol, `pulumi.runtime.proto`."""


def prepare() -> None:
    """Make all settings; to be called first."""
    _collect_rarely()
    _postpone_sdk()


def _collect_rarely() -> None:
    """Look for unreachable cycles after a million new objects instead of 700.

    The pack keeps what it reads until its process ends and makes hardly any cycles, so that Python's own setting has it
    walk over all rules and resources again and again, for nothing.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _postpone_sdk() -> None:
    """Run the SDK's own packages when somebody first asks for something in them.

    The protocol is generated code that needs nothing of the SDK, but Python runs every package on the way to a module:
    a quarter of a second. `importlib.util.LazyLoader` cannot do it, because a package that it loads runs as soon as a
    module in it is looked for.
    """
    if "pulumi" in sys.modules:
        return
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return
        package = module_from_spec(spec)
        package.__dict__["__getattr__"] = _running(package, spec.loader)
        sys.modules[name] = package


def _running(package: ModuleType, loader: Loader) -> Callable[[str], Any]:
    """What a package does for a name that it does not have yet (PEP 562): run, once, and look again."""

    def run(name: str) -> Any:  # noqa: ANN401  (whatever the package has)
        if package.__dict__.pop("__getattr__", None) is not None:
            loader.exec_module(package)
        return getattr(package, name)

    return run
