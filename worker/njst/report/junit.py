"""A report as JUnit XML: one test suite for the job, one test case for each check.

A check that is broken is a `failure`, one that could not be decided an `error`. The suite has
neither exactly when the verdict is Valid.

Source: the JUnit XML of Ant, which Jenkins, GitLab, GitHub actions and others read; all attributes
and elements that its schema requires are there, also where they say nothing.
"""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from njst.contract.results.report import Report, Verdict
from njst.report.check_list import Check, check_list

# The schema wants a host name, and this one where there is none.
_NO_HOST = "localhost"
# What XML 1.0 has no way to write.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, title: str) -> str:
    """Return the document."""
    checks = check_list(report)
    broken = [check.failure.verdict for check in checks if check.failure is not None]
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": _allowed(title),
            "package": "njst",
            "id": "0",
            "hostname": _NO_HOST,
            "timestamp": f"{report.start_time or report.create_time:%Y-%m-%dT%H:%M:%S}",
            "time": f"{_seconds(report):.3f}",
            "tests": str(len(checks)),
            "failures": str(broken.count(Verdict.INVALID)),
            "errors": str(broken.count(Verdict.UNKNOWN)),
            "skipped": str(sum(bool(check.skipped) for check in checks)),
        },
    )
    _add_properties(suite, report)
    for check in checks:
        _add_case(suite, check, title)
    words = f"{report.reason}: {report.message}" if report.message else report.reason
    SubElement(suite, "system-out").text = _allowed(words)
    SubElement(suite, "system-err")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _seconds(report: Report) -> float:
    return (report.completion_time - (report.start_time or report.create_time)).total_seconds()


def _add_properties(suite: Element, report: Report) -> None:
    properties = SubElement(suite, "properties")
    shown = {"verdict": str(report.verdict), "reason": report.reason}
    if report.tester is not None:
        words = f"{report.tester.reason}: {report.tester.message}"
        shown |= {"testerLimited": str(report.tester.limited).lower(), "tester": words}
    for workload in report.workloads:
        name = workload.workload
        shown[f"{name}.messages"] = str(workload.messages)
        shown[f"{name}.messagesPerSecond"] = str(workload.messages_per_second)
        if workload.latency_microseconds is not None:
            shown[f"{name}.latencyP99Microseconds"] = str(workload.latency_microseconds.p99)
    for name, value in shown.items():
        SubElement(properties, "property", {"name": _allowed(name), "value": _allowed(value)})


def _add_case(suite: Element, check: Check, title: str) -> None:
    case = SubElement(
        suite,
        "testcase",
        {
            "name": _allowed(check.name),
            "classname": _allowed(f"{title}.{check.subject}"),
            "time": f"{check.seconds:.3f}",
        },
    )
    if check.skipped:
        SubElement(case, "skipped", {"message": _allowed(check.skipped)})
    elif check.failure is not None:
        kind = "failure" if check.failure.verdict is Verdict.INVALID else "error"
        words = _allowed(check.failure.message)
        attributes = {"type": _allowed(check.failure.reason), "message": words}
        SubElement(case, kind, attributes).text = words


def _allowed(words: str) -> str:
    """Return words without characters that XML forbids; each becomes a replacement character."""
    return _FORBIDDEN.sub("�", words)
