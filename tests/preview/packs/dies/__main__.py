"""Cannot start."""

from __future__ import annotations

raise SystemExit("no such luck")
