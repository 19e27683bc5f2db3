"""Refuses its input as the project's own program does."""

from __future__ import annotations

import pulumi

from serving.blueprint.errors import InputError, Problem

problem = Problem("blueprints/chat.yaml", 12, 3, "scaling.max", "is below scaling.min")
try:
    raise InputError([problem])
except InputError as error:
    raise pulumi.RunError(str(error)) from error
