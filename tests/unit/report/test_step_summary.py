"""The Markdown summary: golden for people, and read back by a parser for hostile text."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from njst.contract.results.report import Report
from njst.report.markdown_text import code, table, text
from njst.report.step_summary import render
from tests.unit.report.reports import ALL, BAD, HOSTILE, hostile

SUMMARY = """\
## ❌ Failed: orders

**ThresholdsFailed**: write LatencyP99Microseconds is 21000, wanted at most 20000

### Thresholds

|  | Workload | Metric | Value | Wanted | Margin |
| --- | --- | --- | ---: | ---: | ---: |
| ❌ | write | LatencyP99Microseconds | 21,000 | at most 20,000 | -5.0 % |
| ❌ | read | LatencyMaxMicroseconds | no data | at most 0 | - |
| ❔ | read | MessagesPerSecond | at least 1 | at least 2 | -50.0 % |

### Workloads

| Name | Kind | Messages | Rate | Bytes/s | p50 | p90 | p99 | p99.9 | Max | Errors |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| write | Publish | 2,990 of 3,000 | 997/s | 62.5 KiB/s | 900 us | 1.5 ms | 21 ms | 30 ms | 1.2 s \
| 10 |
| read | Consume | 5 | 1/s | 0 B/s | - | - | - | - | - | 0 |

### Failed checks

- all planned messages are done: write did 2990 of 3000 messages; 10 times Timeout: 5 s
- no errors but allowed ones: write had 10 errors, first Timeout: 5 s

### Errors

| Workload | Class | Count | Example |
| --- | --- | ---: | --- |
| write | Timeout | 10 | `5 s` |

### Workers that did not run to the end

| Worker | Outcome | Reason |
| --- | --- | --- |
| w2 | Unfit | `StreamExists: it is there` |

### Who was the limit

The tester was the limit: ProcessBusy: take more processes
"""
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def test_summary__of_a_failed_job() -> None:
    assert render(BAD, "orders") == SUMMARY


def _words(tokens: list[Token]) -> list[str]:
    """Return the text of each block, and fail on anything that njst does not write itself."""
    found = []
    for token in tokens:
        assert token.type not in ("html_block", "fence", "code_block", "blockquote_open", "hr")
        if token.type == "inline":
            kinds = {child.type for child in token.children or []}
            assert kinds <= {"text", "code_inline", "strong_open", "strong_close"}, kinds
            found.append("".join(child.content for child in token.children or []))
    return found


def _line(words: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", words).strip()


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_summary__of_any_report__has_only_its_own_markdown(report: Report) -> None:
    words = _words(MARKDOWN.parse(render(report, HOSTILE)))
    assert words[0].endswith(_line(HOSTILE))


def test_summary__hostile_words__are_shown_as_they_are() -> None:
    words = _words(MARKDOWN.parse(render(hostile(), HOSTILE)))
    assert sum(_line(HOSTILE) in shown for shown in words) >= 6


@given(st.text())
def test_markdown_text__any_words__stay_text(words: str) -> None:
    assert _words(MARKDOWN.parse(text(words))) == [_line(words)] * bool(_line(words))


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=3))
def test_markdown_table__any_cells__stay_cells(rows: list[Any]) -> None:
    shown = table(["a", "b"], [[text(one), code(other)] for one, other in rows])
    expected = [
        _line(cell) if n % 2 == 0 else _line(cell) or "-"
        for row in rows
        for n, cell in enumerate(row)
    ]
    assert _words(MARKDOWN.parse(shown)) == ["a", "b", *expected]
