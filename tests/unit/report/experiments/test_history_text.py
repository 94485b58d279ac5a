"""A history as text."""

from njst.contract.results.runs.history import RunHistory
from njst.contract.spec.comparison import MetricChoice
from njst.history.history import history_of
from njst.report.experiments.history_text import render, render_markdown
from tests.unit.comparison.runs import P99, RATE
from tests.unit.history.runs import history_run

STEADY = [history_run(n, rate) for n, rate in enumerate((1000, 1004, 997, 1001, 995, 1003))]
SLOWER = [history_run(6 + n, rate) for n, rate in enumerate((500, 503, 498, 501, 496, 502))]
AFTER = [run.model_copy(update={"facts": {"nats-server": "2.11"}}) for run in SLOWER]
BEFORE = [run.model_copy(update={"facts": {"nats-server": "2.10"}}) for run in STEADY]
LIMITED = history_run(12, 10, left_out="the load tester was the limit")


def _history(*runs: object) -> RunHistory:
    return history_of("nightly", [*runs], [MetricChoice(metric=m) for m in (RATE, P99)], 5)


HEADER = (
    "FIRST RUN  CREATED           WORKLOAD  METRIC             "
    "BEFORE   AFTER  CHANGE   RUNS  OUTCOME"
)
ROW = (
    "6          2026-01-07 03:00  w         MessagesPerSecond  1,000/s  500/s  -50.0 %  6/6   Worse"
)
CHANGED = _history(*BEFORE, *AFTER, LIMITED)


def test_render__change__is_shown_with_what_else_changed() -> None:
    lines = render(CHANGED).splitlines()
    assert lines[:9] == [
        "nightly: 13 runs, 1 of them left out",
        "",
        "WORKLOAD  METRIC                  RUNS  LEVEL  LAST   COURSE",
        "w         MessagesPerSecond       12    500/s  502/s  ██████▄▅▄▄▄▄",
        "w         LatencyP99Microseconds  12    1 ms   1 ms   ████████████",
        "",
        "CHANGE POINTS",
        HEADER,
        ROW,
    ]
    assert lines[9:] == [
        "",
        "CHANGED AT THE SAME TIME",
        "  6: nats-server: 2.10 before; 2.11 after",
        "",
        "LEFT OUT",
        "  12: the load tester was the limit",
    ]


def test_render__no_change__says_so() -> None:
    assert "no change point" in render(_history(*STEADY))
    assert "LEFT OUT" not in render(_history(*STEADY))


def test_render__older_runs__are_counted() -> None:
    older = _history(*STEADY).model_copy(update={"earlier_runs": 7})
    assert render(older).startswith("nightly: 6 runs; 7 earlier ones\n")


def test_render_markdown__change__has_a_table_of_numbers_and_one_of_changes() -> None:
    text = render_markdown(CHANGED)
    assert text.startswith("### nightly: 13 runs, 1 of them left out\n\n| Workload | Metric |")
    assert "| 6 | 2026\\-01-07 03:00 | w | MessagesPerSecond | 1,000/s | 500/s |" in text
    assert "- 6: nats-server: 2.10 before; 2.11 after\n" in text
    assert "- 12: the load tester was the limit\n" in text


def test_render_markdown__hostile_name__stays_text() -> None:
    hostile = CHANGED.model_copy(update={"name": "a|b <script>"})
    assert "a\\|b &lt;script&gt;" in render_markdown(hostile)
