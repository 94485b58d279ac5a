"""A comparison as text: every number, why, and what was left out."""

from njst.comparison.compare import compare
from njst.contract.results.comparison import ComparisonResult
from njst.contract.results.report import Verdict
from njst.report.experiments.comparison_text import NOTHING, render, render_markdown
from tests.unit.comparison.runs import P99, RATE, run, runs, spec

FIRST, SECOND = [1000, 1010, 1005, 995, 1002], [2000, 2010, 2005, 1995, 2002]


def test_render__clear_difference__has_numbers_and_outcome() -> None:
    result = compare(spec(RATE, P99), runs("a", FIRST), runs("b", SECOND))
    lines = render(result).splitlines()
    assert lines[0].split() == [
        *("WORKLOAD", "METRIC", "RUNS", "FIRST", "SECOND", "CHANGE", "INTERVAL", "OUTCOME")
    ]
    rate, p99 = lines[1].split(), lines[2].split()
    assert rate[:3] == ["w", "MessagesPerSecond", "5/5"]
    assert rate[3:5] == ["1,002/s", "2,002/s"]
    assert rate[-1] == "Better"
    assert p99[3:6] == ["1", "ms", "1"]
    assert p99[-1] == "Equal"


def test_render__one_against_one__says_that_it_infers_nothing() -> None:
    text = render(compare(spec(), runs("a", [1000]), runs("b", [2000])))
    assert "Inconclusive" in text
    assert "no inference: one run on a side says nothing about the next one" in text


def test_render__differences_and_left_out_runs__are_named() -> None:
    first = [run("a", 1000, facts={"spec": "x"})]
    second = [run("b", 1000, facts={"spec": "y"}, verdict=Verdict.INVALID)]
    result = compare(spec(), first, second)
    text, markdown = render(result), render_markdown(result)
    for shown in (text, markdown):
        assert "spec: first x; second y" in shown
        assert "its verdict is Invalid" in shown
    assert "- `b`: its verdict is Invalid" in markdown


def test_render__no_number__says_so() -> None:
    assert render(ComparisonResult()).startswith(NOTHING)
    assert render_markdown(ComparisonResult()).startswith(NOTHING)


def test_render_markdown__table_has_a_row_for_each_metric() -> None:
    result = compare(spec(RATE, P99), runs("a", FIRST), runs("b", SECOND))
    header, rule, *rows = render_markdown(result).splitlines()
    assert header.startswith("| Workload | Metric | Runs |")
    assert rule.count("---:") == 5
    assert [row.split(" | ")[1] for row in rows] == ["MessagesPerSecond", "LatencyP99Microseconds"]
