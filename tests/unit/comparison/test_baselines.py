"""Baselines as files, and thresholds relative to them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from njst.comparison.baseline_file import baseline_text, read_baseline
from njst.comparison.relative_thresholds import evaluate_relative
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.comparison import Baseline, ComparedRun, RelativeThresholdResult
from njst.contract.results.trial import TrialWorkload
from njst.contract.spec.comparison import RatioMetric
from njst.contract.spec.threshold import RelativeThreshold
from tests.unit.comparison.runs import P99, RATE, latency, run

SPEC = {"spec": "abc"}
BASELINE = Baseline(
    name="main",
    create_time=datetime(2026, 1, 1, tzinfo=UTC),
    runs=[run(f"b{n}", 1000 + 20 * n, 500, facts=SPEC) for n in (-1, 0, 1)],
)


def test_read_baseline__what_was_written__is_the_same() -> None:
    text = baseline_text(BASELINE)
    assert read_baseline(text) == BASELINE
    assert text == baseline_text(read_baseline(text))
    assert json.loads(text)["format"] == "njst.baseline/v1"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "njst.baseline/v2", "runs": []}, "format"),
        ({"runs": []}, "runs"),
        ({"runs": [{"job": "a", "pair": "x"}]}, "runs[0].pair"),
        ({"name": "Not A Name"}, "name"),
        ({"createTime": "yesterday"}, "createTime"),
    ],
)
def test_read_baseline__no_baseline__names_the_field(changes: dict[str, Any], field: str) -> None:
    document = json.loads(baseline_text(BASELINE)) | changes
    with pytest.raises(InvalidDocumentError) as refused:
        read_baseline(json.dumps(document).encode())
    assert [problem.field for problem in refused.value.problems] == [field]


def test_read_baseline__no_json__is_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="JSON"):
        read_baseline(b"name: main")


def _threshold(metric: RatioMetric = RATE, **changes: Any) -> RelativeThreshold:
    return RelativeThreshold(**{"metric": metric, "relative_to": "main", "workload": "w"} | changes)


def _judge(
    threshold: RelativeThreshold, found: ComparedRun, baseline: Baseline | None = BASELINE
) -> RelativeThresholdResult:
    baselines = {} if baseline is None else {baseline.name: baseline}
    (result,) = evaluate_relative([threshold], found, baselines)
    return result


@pytest.mark.parametrize(
    ("threshold", "rate", "p99", "verdict", "percent"),
    [
        (_threshold(at_least_percent=95), 950, 1, "Valid", 95),
        (_threshold(at_least_percent=95), 949, 1, "Invalid", 94),
        (_threshold(P99, at_most_percent=105), 1, 525, "Valid", 105),
        (_threshold(P99, at_most_percent=105), 1, 526, "Invalid", 106),
        (_threshold(P99, at_most_percent=105), 1, 100, "Valid", 20),
    ],
)
def test_evaluate_relative__value__is_compared_with_the_median(
    threshold: RelativeThreshold, rate: int, p99: int, verdict: str, percent: int
) -> None:
    result = _judge(threshold, run("x", rate, p99, facts=SPEC))
    assert (str(result.verdict), result.percent) == (verdict, percent)
    assert result.baseline_value == (1000 if result.metric is RATE else 500)
    assert f"{percent} % of the baseline main, wanted at " in result.message


def test_evaluate_relative__limit_within_the_baselines_own_spread__says_so() -> None:
    result = _judge(_threshold(at_least_percent=99), run("x", 985, facts=SPEC))
    assert result.verdict == "Invalid"
    assert result.message.endswith("; the baseline's own runs reach 98 %")


def _without_latency(**changes: Any) -> ComparedRun:
    return ComparedRun(job="x", facts=SPEC, workloads=[TrialWorkload(workload="w", **changes)])


@pytest.mark.parametrize(
    ("found", "baseline", "verdict", "said"),
    [
        (run("x", 1, facts=SPEC), None, "Unknown", "there is no baseline main"),
        (run("x", 1, facts={"spec": "xyz"}), BASELINE, "Unknown", "is of another spec"),
        (_without_latency(), BASELINE, "Invalid", "no data"),
        (
            _without_latency(latency_microseconds=latency(1), is_lower_bound=True),
            BASELINE,
            "Unknown",
            "operations were given up",
        ),
        (
            run("x", 1, facts=SPEC),
            BASELINE.model_copy(update={"runs": [_without_latency()]}),
            "Unknown",
            "has no such value",
        ),
    ],
)
def test_evaluate_relative__nothing_to_compare__never_passes(
    found: ComparedRun, baseline: Baseline | None, verdict: str, said: str
) -> None:
    result = _judge(_threshold(P99, at_most_percent=100), found, baseline)
    assert (str(result.verdict), result.percent) == (verdict, None)
    assert said in result.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "exactly one of atMostPercent and atLeastPercent"),
        ({"at_most_percent": 1, "at_least_percent": 1}, "exactly one of"),
        ({"metric": RatioMetric.SUSTAINED, "at_least_percent": 90}, "workload cannot be set"),
        ({"at_most_percent": 0}, "greater than"),
    ],
)
def test_relative_threshold__bad_input__is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _threshold(**changes)
