"""Has a defect."""

from __future__ import annotations

int("no number")
