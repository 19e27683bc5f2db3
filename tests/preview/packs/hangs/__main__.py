"""Has a rule that never comes to an end."""

from __future__ import annotations

import time
from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationArgs, ResourceValidationPolicy


def hanging(args: ResourceValidationArgs, report: Any) -> None:
    """Hangs."""
    time.sleep(3_600)


PolicyPack(
    "hangs",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[ResourceValidationPolicy("hanging", "Hangs", hanging)],
)
