"""Model serving blueprints: what is not infrastructure. See docs/architecture.md for the map."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
"""The version of the package; its metadata take it from here."""
