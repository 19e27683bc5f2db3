"""The list of policies at the levels of a stack.

Owns one table and its JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from serving.report.console import Console
from serving.report.document import as_json

if TYPE_CHECKING:
    from serving.preview.policy_driver import PolicyInfo

_LEVEL_STYLES = {"mandatory": "bold red", "disabled": "dim"}


def print_policies(policies: Sequence[PolicyInfo]) -> None:
    """Print one paragraph a policy, in the pack's order."""
    console = Console(highlight=False)
    for policy in policies:
        line = Text(policy.name, style="bold")
        line.append(f"  {policy.level}", style=_LEVEL_STYLES.get(policy.level, "yellow"))
        if policy.severity:
            line.append(f"  {policy.severity}", style="dim")
        console.print(line)
        for text in dict.fromkeys(filter(None, [policy.title, policy.description])):
            console.print(Text(f"    {text}"))
        if policy.remedy:
            console.print(Text(f"    remedy: {policy.remedy}", style="green"))


def as_policy_json(policies: Sequence[PolicyInfo]) -> str:
    """The same as JSON."""
    return as_json([dataclasses.asdict(policy) for policy in policies])
