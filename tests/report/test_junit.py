"""What a build server reads: counts that hold, failures that stop, text that XML can carry."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

from serving.preview.plan import Place, Rule
from serving.report.junit import as_junit
from tests.preview.samples import plan_of, urn_of
from tests.report.samples import BUCKET, violation
from tests.report.test_sarif import judged_plan


def cases(text: str) -> dict[tuple[str, str], list[str]]:
    """Rule and first word of the name -> what became of it."""
    found = ET.fromstring(text).iter("testcase")  # noqa: S314  (our own text)
    return {(case.attrib["classname"], case.attrib["name"].split()[0]): [part.tag for part in case] for case in found}


def test_what_stops_is_a_failure_and_what_does_not_is_skipped_with_its_reason() -> None:
    broken = violation("crashed", "models", "mandatory", "error")
    plan = dataclasses.replace(judged_plan(), violations=(*judged_plan().violations, broken))
    assert cases(as_junit(plan)) == {
        ("enc-s3", "models"): ["failure"],
        ("enc-s3", "copy"): ["failure"],
        ("naming", "models"): ["skipped"],
        ("naming", "copy"): ["skipped"],
        ("unknown", "models"): ["failure"],
        ("crashed", "models"): ["error"],
        ("enc-s3-kms-cmk", "enc-s3-kms-cmk"): ["skipped"],
    }


def test_a_rule_that_found_nothing_passed() -> None:
    rule = Rule("tls", "Traffic is encrypted", "", "mandatory", "", "", "")
    assert cases(as_junit(plan_of(rules=(rule,)))) == {("tls", "Traffic"): []}


def test_the_counts_are_those_of_the_cases() -> None:
    suites = ET.fromstring(as_junit(judged_plan()))  # noqa: S314
    for element in (suites, suites[0]):
        assert {name: element.attrib[name] for name in ("tests", "failures", "errors", "skipped")} == {
            "tests": "6",
            "failures": "3",
            "errors": "0",
            "skipped": "3",
        }


def test_a_case_says_where_it_is_written_and_how_it_is_mended() -> None:
    (case, *_) = ET.fromstring(as_junit(judged_plan())).iter("testcase")  # noqa: S314
    assert (case.attrib["file"], case.attrib["line"]) == ("infra/a file.py", "12")
    assert "Remedy: set a key" in (case[0].text or "")


def test_text_that_xml_cannot_carry_does_not_break_it() -> None:
    odd = dataclasses.replace(violation("enc-s3", "models"), message="a\x00b\x1b]]> <&\ud800")
    place = Place(urn_of(BUCKET, "models"), "a.py", 1)
    (case,) = ET.fromstring(as_junit(plan_of(violations=(odd,), places=(place,)))).iter("testcase")  # noqa: S314
    assert "a\ufffdb\ufffd]]> <&\ufffd" in case.attrib["name"]
