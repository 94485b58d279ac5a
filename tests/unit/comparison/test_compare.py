"""What two sets of runs prove."""

from typing import Any

import pytest

from njst.comparison.compare import compare
from njst.contract.results.comparison import ComparedRun
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import ComparisonSpec, MetricChoice, RatioMetric
from tests.unit.comparison.runs import P99, RATE, latency, only, run, runs, spec

SLOW = [1000, 1010, 1020, 1030, 1040, 1050]
FAST = [rate + 200 for rate in SLOW]


def test_compare__higher_rate__is_better_with_its_ratio_and_interval() -> None:
    metric = only(compare(spec(), runs("a", SLOW), runs("b", FAST)))
    assert metric.outcome == "Better"
    assert (metric.first_median, metric.second_median) == (1025, 1225)
    assert metric.ratio_per_million == pytest.approx(1_195_000, rel=0.001)
    assert metric.lower_per_million is not None
    assert metric.upper_per_million is not None
    assert 1_150_000 < metric.lower_per_million < 1_195_000 < metric.upper_per_million < 1_240_000
    # 2 of the 924 ways to divide twelve runs.
    assert metric.p_per_million == metric.adjusted_p_per_million == 2165
    assert (metric.more_runs, metric.first_runs, metric.second_runs) == (None, 6, 6)
    assert metric.message == "+19.5 %, p = 0.0022"


def test_compare__sides_exchanged__is_worse_with_the_inverse_ratio() -> None:
    metric = only(compare(spec(), runs("a", FAST), runs("b", SLOW)))
    assert metric.outcome == "Worse"
    assert metric.ratio_per_million == pytest.approx(1e12 / 1_195_082, rel=0.001)


def test_compare__higher_latency__is_worse() -> None:
    first = [run(f"a{n}", 1, 1000 + n) for n in range(6)]
    second = [run(f"b{n}", 1, 1200 + n) for n in range(6)]
    assert only(compare(spec(P99), first, second)).outcome == "Worse"


def test_compare__change_below_the_smallest_effect__is_equal_though_significant() -> None:
    metric = only(compare(spec(), runs("a", SLOW), runs("b", [r + 51 for r in SLOW])))
    assert metric.p_per_million is not None
    assert metric.p_per_million < 50_000
    assert metric.outcome == "Inconclusive"
    narrow = [10_000 + n for n in range(6)]
    metric = only(compare(spec(), runs("a", narrow), runs("b", [n + 300 for n in narrow])))
    assert (metric.outcome, metric.p_per_million) == ("Equal", 2165)
    assert metric.message == "+3.0 %; within 5 % either way"


def test_compare__wide_spread__is_inconclusive_and_says_how_many_more() -> None:
    wide = [800, 1000, 1250, 900, 1100, 1300]
    metric = only(compare(spec(), runs("a", wide), runs("b", [r + 100 for r in wide])))
    assert metric.outcome == "Inconclusive"
    assert metric.more_runs is not None
    assert 20 < metric.more_runs < 80
    assert f"each side needs about {metric.more_runs} more runs" in metric.message


def test_compare__hopeless_spread__needs_more_runs_than_can_be_said() -> None:
    wide = [100, 1000, 5000, 300, 2000, 900]
    metric = only(compare(spec(), runs("a", wide), runs("b", wide)))
    assert (metric.outcome, metric.more_runs) == ("Inconclusive", None)
    assert "more than 200 more runs" in metric.message


@pytest.mark.parametrize("count", [1, 2, 3])
def test_compare__too_few_runs__infers_nothing_however_large_the_change(count: int) -> None:
    metric = only(compare(spec(), runs("a", SLOW[:count]), runs("b", [10**6] * count)))
    assert metric.outcome == "Inconclusive"
    assert metric.lower_per_million is None
    assert metric.more_runs == 4 - count
    if count == 1:
        assert "no inference: one run on a side" in metric.message


def test_compare__pairs__see_a_change_that_is_smaller_than_the_drift() -> None:
    drift = [1000, 1200, 1500, 1900, 2400, 3000, 3700]
    faster = [round(1.1 * rate) for rate in drift]
    unpaired = compare(spec(), runs("a", drift), runs("b", faster))
    assert (unpaired.is_paired, only(unpaired).outcome) == (False, "Inconclusive")
    paired = compare(spec(), runs("a", drift, paired=True), runs("b", faster, paired=True)[::-1])
    assert (paired.is_paired, only(paired).outcome) == (True, "Better")
    assert only(paired).ratio_per_million == pytest.approx(1_100_000, rel=0.001)


def test_compare__pair_without_a_partner__is_left_out_whole() -> None:
    first, second = runs("a", SLOW, paired=True), runs("b", FAST, paired=True)
    second[2] = second[2].model_copy(update={"verdict": Verdict.INVALID})
    result = compare(spec(), first, second)
    assert (result.is_paired, only(result).first_runs, only(result).second_runs) == (True, 5, 5)


def test_compare__several_metrics__share_one_error() -> None:
    """With four runs, p is 0.029: enough for one metric, not for two."""
    first, second = runs("a", SLOW[:4]), runs("b", FAST[:4])
    assert only(compare(spec(), first, second)).outcome == "Better"
    result = compare(spec(RATE, P99), first, second)
    assert [metric.outcome for metric in result.metrics] == ["Inconclusive", "Equal"]
    assert result.metrics[0].p_per_million == 28_571
    assert result.metrics[0].adjusted_p_per_million == 57_143
    assert result.metrics[0].more_runs == 1


def test_compare__no_workload_named__compares_each() -> None:
    both = [TrialWorkload(workload=name, messages_per_second=5) for name in ("w", "x")]
    some = [ComparedRun(job=str(n), workloads=both) for n in range(4)]
    choices = ComparisonSpec(metrics=[MetricChoice(metric=RATE)])
    assert [m.workload for m in compare(choices, some, some).metrics] == ["w", "x"]


def test_compare__sustained_rates_of_searches__are_of_the_whole_run() -> None:
    choices = ComparisonSpec(metrics=[MetricChoice(metric=RatioMetric.SUSTAINED)])
    first = [ComparedRun(job=f"a{r}", sustained_messages_per_second=r) for r in SLOW]
    second = [ComparedRun(job=f"b{r}", sustained_messages_per_second=r) for r in FAST]
    metric = only(compare(choices, first, second))
    assert (metric.workload, metric.outcome) == ("", "Better")


def _lower_bound(number: int) -> ComparedRun:
    workload = TrialWorkload(workload="w", latency_microseconds=latency(5), is_lower_bound=True)
    return ComparedRun(job=f"c{number}", workloads=[workload])


def test_compare__lower_bounds_of_a_latency__are_no_values() -> None:
    first = [run(f"a{n}", 1, 1000 + n) for n in range(4)]
    result = compare(spec(P99), first, [*first[:3], _lower_bound(1)])
    assert only(result).second_runs == 3
    assert only(result).message.endswith("; without such a value: 1")
    nothing = only(compare(spec(P99), first, [_lower_bound(n) for n in range(4)]))
    assert (nothing.outcome, nothing.message) == (
        "Inconclusive",
        "a side has no run with this value",
    )
    assert nothing.ratio_per_million is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": Verdict.INVALID}, "its verdict is Invalid"),
        ({"verdict": Verdict.UNKNOWN}, "its verdict is Unknown"),
        ({"is_tester_limited": True}, "the load tester was the limit"),
    ],
)
def test_compare__runs_that_prove_nothing__are_left_out_unless_asked_for(
    changes: dict[str, Any], reason: str
) -> None:
    first, second = runs("a", SLOW), [*runs("b", FAST), run("bad", 5, **changes)]
    result = compare(spec(), first, second)
    assert [(r.job, r.reason) for r in result.left_out] == [("bad", reason)]
    assert only(result).second_runs == 6
    forced = compare(spec(with_unproven=True), first, second)
    assert (forced.left_out, only(forced).second_runs) == ([], 7)


def test_compare__facts_that_differ__are_listed() -> None:
    first = [run(f"a{n}", 1, facts={"njst": "1", "server": "2.11"}) for n in range(2)]
    second = [run("b", 1, facts={"njst": "1", "server": "2.12"}), run("c", 1, facts={"njst": "1"})]
    (fact,) = compare(spec(), first, second).differences
    assert (fact.fact, fact.first, fact.second) == ("server", ["2.11"], ["2.12", "unknown"])
