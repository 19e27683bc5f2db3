"""A preview as one page: self-contained, readable without scripts, light or dark as the reader likes.

Owns what the template is given; the page itself is `preview.html.j2`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.preview.diff import Change, PlanDiff
from serving.preview.plan import Plan
from serving.preview.recording import Kind
from serving.preview.values import PlanValue
from serving.report import findings, recovery, wording
from serving.report.grouping import by_framework, by_resource, by_rule
from serving.report.tree import branches

_TEMPLATE = "preview.html.j2"


def as_html(plan: Plan, diff: PlanDiff | None) -> str:
    """The page."""
    real = [resource for resource in plan.resources if resource.kind is not Kind.COMPONENT]
    regions = Counter(resource.region or wording.NO_REGION for resource in real)
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            plan=plan,
            diff=diff,
            changes=list(Change),
            rules=by_rule(plan.violations),
            resources=by_resource(plan.violations),
            frameworks=by_framework(plan),
            places={place.urn: place for place in plan.places},
            branches=branches(plan, full=True),
            regions=sorted(regions.items()),
            types=sorted(plan.counts.items(), key=lambda entry: (-entry[1], entry[0])),
            outputs=wording.shown_outputs(plan),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rows"] = _rows
    environment.globals["word"] = wording
    environment.globals["findings"] = findings
    environment.globals["recovery"] = recovery
    return environment


def _rows(value: PlanValue) -> list[dict[str, PlanValue]]:
    """A list of flat objects, to be shown as a table; empty for anything else."""
    if not isinstance(value, list) or not value:
        return []
    flat = all(
        isinstance(row, dict) and row and not any(isinstance(cell, (dict, list)) for cell in row.values())
        for row in value
    )
    return value if flat else []
