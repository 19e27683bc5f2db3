"""A preview as one JSON document, for machines.

Owns the outer object only: the plan is as `plan.json` has it, the comparison and the report of findings
stand beside it.
"""

from __future__ import annotations

import json
from typing import Any

from serving.preview import diff as plan_diff
from serving.preview import plan as plan_module
from serving.preview.diff import PlanDiff
from serving.preview.plan import Plan
from serving.report.findings import findings_document


def as_document(plan: Plan, diff: PlanDiff | None) -> dict[str, Any]:
    """Plan, comparison and report of findings as JSON values; `diff` is null where nothing was compared."""
    return {
        "plan": plan_module.to_document(plan),
        "diff": None if diff is None else plan_diff.to_document(diff),
        "findings": findings_document(plan, diff),
    }


def as_json(document: object) -> str:
    """Stable text: sorted keys, one newline at the end."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
