"""The documentation: its examples are true, its links lead somewhere, its lists are complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.addons.prometheus import PROMETHEUS_PORT, PROMETHEUS_SERVICE
from serving.blueprint.schema.incidents import FailureMode
from serving.blueprint.versions import TESTED_VERSIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])

_FENCE = re.compile(r"^```yaml\n# ([\w./-]+\.yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_DATED_SOURCE = re.compile(r"\bread[\s#]+(?:on[\s#]+)?20\d{2}-\d{2}")


def quoted_examples() -> Iterator[tuple[str, str, str]]:
    """Page, file that is quoted, text of the example."""
    for page in PAGES:
        for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
            yield str(page.relative_to(ROOT)), match[1], match[2]


def parts_missing(example: Any, whole: Any, path: str = "") -> list[str]:
    """Paths of what the example says and the whole does not; list items match by position or by content."""
    if isinstance(example, dict):
        if not isinstance(whole, dict):
            return [path]
        return [
            missing
            for key, value in example.items()
            for missing in (parts_missing(value, whole[key], f"{path}.{key}") if key in whole else [f"{path}.{key}"])
        ]
    if isinstance(example, list):
        items = whole if isinstance(whole, list) else []
        return [
            f"{path}[{index}]"
            for index, item in enumerate(example)
            if all(parts_missing(item, candidate) for candidate in items)
        ]
    return [] if example == whole else [path]


def document(name: str) -> Any:
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content["config"]["model-serving:environment"] if name.startswith("Pulumi.") else content


def modules_with_a_fact() -> set[str]:
    """What the first column of the register names."""
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/facts.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


EXAMPLES = list(quoted_examples())


@pytest.mark.parametrize(
    ("page", "file", "text"), EXAMPLES, ids=[f"{page}-{index}" for index, (page, _, _) in enumerate(EXAMPLES)]
)
def test_a_quoted_example_says_what_the_file_says(page: str, file: str, text: str) -> None:
    assert parts_missing(yaml.safe_load(text), document(file)) == [], f"{page} quotes {file}"


def test_the_guides_quote_every_section_that_a_shipped_blueprint_states() -> None:
    quoted = {key for page, _, text in EXAMPLES if page == "docs/blueprint.md" for key in yaml.safe_load(text)}
    stated = {key for path in (ROOT / "blueprints").glob("*.yaml") for key in document(f"blueprints/{path.name}")}
    assert stated - {"schema"} <= quoted


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = [target for target in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_failure_mode_has_a_runbook() -> None:
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")}
    # the ladder is no failure: it is a step that several runbooks take; what waits in a queue has alarms of its own
    assert pages - {"README", "degradation", "delivery"} == {mode.value for mode in FailureMode}


def test_runbooks_ask_prometheus_where_it_answers() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/runbooks").glob("*.md"))
    forwards = re.findall(r"-n (\S+) port-forward svc/(\S+) (\S+) &", pages)
    place = (TESTED_VERSIONS.prometheus.namespace, PROMETHEUS_SERVICE, str(PROMETHEUS_PORT))
    assert set(forwards) == {place}


def test_the_index_of_decisions_lists_each_once() -> None:
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))


def test_every_dated_source_is_in_the_register_of_facts() -> None:
    modules = (path for folder in ("policies", "components", "serving") for path in (ROOT / folder).rglob("*.py"))
    dated = {
        path.relative_to(ROOT).as_posix() for path in modules if _DATED_SOURCE.search(path.read_text(encoding="utf-8"))
    }
    assert dated
    assert sorted(dated - modules_with_a_fact()) == []


def test_the_register_of_facts_names_no_module_that_is_gone() -> None:
    assert sorted(name for name in modules_with_a_fact() if not (ROOT / name).exists()) == []
