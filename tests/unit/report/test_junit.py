"""The JUnit document: what the schema of Ant asks for, counts that agree, and hostile text."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.report import Report, Verdict
from njst.report.junit import render
from tests.unit.report.reports import ALL, BAD, HOSTILE, SKIPPED, hostile

# Element: its required attributes, its other ones, and its children in order.
SCHEMA: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), set(), ["testsuite"]),
    "testsuite": (
        {"name", "package", "id", "hostname", "timestamp", "time", "tests", "failures", "errors"},
        {"skipped"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname", "time"}, set(), ["skipped", "error", "failure"]),
    "skipped": (set(), {"message"}, []),
    "error": ({"type"}, {"message"}, []),
    "failure": ({"type"}, {"message"}, []),
    "system-out": (set(), set(), []),
    "system-err": (set(), set(), []),
}
COUNTS = {
    "tests": "testcase",
    "failures": "testcase/failure",
    "errors": "testcase/error",
    "skipped": "testcase/skipped",
}


def _check(element: ET.Element) -> None:
    required, optional, children = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= required | optional, element.tag
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places), f"{element.tag} has its children in another order"
    for child in element:
        _check(child)


def parsed(report: Report, title: str = "orders") -> ET.Element:
    root = ET.fromstring(render(report, title))
    _check(root)
    return root[0]


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_document__of_any_report__is_valid_and_its_counts_agree(report: Report) -> None:
    suite = parsed(report, HOSTILE)
    for count, tag in COUNTS.items():
        assert int(suite.attrib[count]) == len(suite.findall(tag)), tag
    broken = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    assert (broken == 0) == (report.verdict is Verdict.VALID)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert [suite.find("system-out"), suite.find("system-err")] != [None, None]


def test_document__missed_and_undecided_thresholds__are_failures_and_errors() -> None:
    suite = parsed(BAD)
    shown = {
        (case.attrib["classname"], case.attrib["name"]): (case[0].tag, case[0].attrib["message"])
        for case in suite.findall("testcase")
        if len(case)
    }
    assert shown["orders.write", "LatencyP99Microseconds at most 20,000"] == (
        "failure",
        "write LatencyP99Microseconds is 21000, wanted at most 20000",
    )
    assert shown["orders.read", "MessagesPerSecond at least 2"][0] == "error"
    assert shown["orders.whole job", "all workers ran to the end"][0] == "error"
    assert suite.attrib["time"] == "4.250"


def test_document__skipped_workload__has_skipped_cases() -> None:
    cases = parsed(SKIPPED).findall("testcase[@classname='orders.write']")
    assert {case[0].tag for case in cases} == {"skipped"}
    assert {case[0].attrib["message"] for case in cases} == {"too old"}


@given(st.text(max_size=300))
def test_document__any_words__are_kept_but_for_what_xml_forbids(words: str) -> None:
    suite = parsed(hostile(words), words)
    allowed = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words)
    assert suite.attrib["name"] == allowed
    shown = suite.findtext("system-out") or ""
    assert shown == re.sub("\r\n?", "\n", f"Other: {allowed}" if words else "Other")
