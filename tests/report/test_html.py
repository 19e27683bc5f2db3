"""The page is one file, says what the plan says, and runs nothing out of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from serving.report.html import as_html
from tests.report.samples import large_plan, refused_plan, rich_diff, rich_plan

VOID = {"meta", "input", "br", "link", "img"}


class Outline(HTMLParser):
    """Checks nesting; keeps attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def page() -> str:
    return as_html(rich_plan(), rich_diff())


def test_the_page_is_well_formed_with_and_without_a_comparison(page: str) -> None:
    outline(page)
    outline(as_html(refused_plan(), None))
    outline(as_html(large_plan(5, 5), None))


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    loading = [value for tag, name, value in outline(page).attributes if name in {"src", "srcset", "data"}]
    linked = [value for tag, name, value in outline(page).attributes if tag == "link"]
    assert loading == linked == []
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_text_of_the_plan_is_text(page: str) -> None:
    assert "models is not encrypted <script>" in outline(page).text
    assert page.count("<script>") == 1  # our own


def test_every_section_can_be_reached(page: str) -> None:
    attributes = outline(page).attributes
    targets = {value for _, name, value in attributes if name == "id"}
    for _, name, value in attributes:
        if name == "href" and value is not None and value.startswith("#"):
            assert value[1:] in targets
        if name in {"for", "aria-labelledby"}:
            assert value in targets


def test_identifiers_are_unique(page: str) -> None:
    found = [value for _, name, value in outline(page).attributes if name == "id"]
    assert len(found) == len(set(found))


def test_what_a_reviewer_looks_for_is_there(page: str) -> None:
    text = re.sub(r"\s+", " ", outline(page).text)
    for wanted in ("± replaced models", "PROTECTED", "Remedy: set a key", "(known after deployment)", "[secret]"):
        assert wanted in text


def test_outputs_that_are_tables_are_shown_as_tables(page: str) -> None:
    assert '<th scope="col">url</th>' in page
    assert "https://chat" in outline(page).text


def test_every_resource_is_on_the_page() -> None:
    plan = large_plan(30, 3)
    text = outline(as_html(plan, None)).text
    assert all(resource.name in text for resource in plan.resources if resource.parent)


def test_the_number_of_policies_is_told_and_which_are_disabled() -> None:
    assert "<p>2 policies, disabled here: enc-s3-kms-cmk</p>" in as_html(rich_plan(), None)
