from devenv.study.study_page import BEGIN, END, Answer, Machine, figures, with_figures
from njst.contract.results.comparison import (
    ComparisonOutcome,
    ComparisonResult,
    LevelComparison,
    MetricComparison,
)
from njst.contract.spec.comparison import RatioMetric

MACHINE = Machine(2, 3, 2, {"njst": "1.2.3", "nats-server": "2.3.4"})
SLOWER = MetricComparison(
    workload="write",
    metric=RatioMetric.LATENCY_P50,
    outcome=ComparisonOutcome.WORSE,
    message="it is slower",
    first_runs=8,
    second_runs=8,
    first_median=400,
    second_median=600,
    ratio_per_million=1_500_000,
)


def test_figures__compared_settings__has_a_row_for_each_number_and_says_where() -> None:
    levels = LevelComparison(
        factor="replicas",
        first="replicas=1",
        second="replicas=3",
        others="",
        result=ComparisonResult(is_paired=True, metrics=[SLOWER]),
    )
    shown = {"comparisons": [levels.model_dump(mode="json", by_alias=True)]}
    text = figures([Answer("Three replicas, or one?", shown)], MACHINE)
    assert "3 nats-servers and 2 workers shared 2 cores: njst 1.2.3, nats-server 2.3.4." in text
    assert "## Three replicas, or one?\n\nFirst replicas=1, second replicas=3:\n" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| write |")]
    assert "+50.0 %" in row
    assert "Worse" in row
    assert "it is slower" in row


def test_figures__experiment_without_comparisons__says_why() -> None:
    shown = {"comparisons": [], "reason": "TrialsFailed", "message": "no worker is left"}
    assert "No answer: no worker is left\n" in figures([Answer("?", shown)], MACHINE)


def test_with_figures__older_figures__replaces_them_alone() -> None:
    page = f"# Study\n\n{BEGIN}old\n{END}\nThe end.\n"
    first = with_figures(page, "new\n")
    assert first == f"# Study\n\n{BEGIN}\nnew\n\n{END}\nThe end.\n"
    assert with_figures(first, "new\n") == first
