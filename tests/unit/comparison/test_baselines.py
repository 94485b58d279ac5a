"""Baselines: as files, of which runs, and what a job's thresholds take from them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from njst.comparison.baseline_file import baseline_text
from njst.comparison.baseline_runs import baseline_run_of, run_problems
from njst.comparison.facts import spec_digest
from njst.comparison.pinned_baseline import pin
from njst.contract.parsing.baseline import parse_baseline_body, read_baseline
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.comparison import Baseline, BaselineRun, PinnedValue
from njst.contract.results.report import Diagnosis, Report, Verdict, WorkloadResult
from njst.contract.spec.comparison import BaselineRequest
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Metric

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
RATE, P99 = str(Metric.MESSAGES_PER_SECOND), str(Metric.LATENCY_P99)
WORKLOADS = [
    {"name": name, "stream": "S", "messages": 9, "publish": {}} for name in ("write", "other")
]


def job(*thresholds: dict[str, Any], **changes: Any) -> JobSpec:
    """A job of two workloads with these thresholds."""
    document = {
        "streams": [{"name": "S"}],
        "workloads": WORKLOADS,
        "thresholds": list(thresholds),
        **changes,
    }
    return JobSpec.model_validate_json(json.dumps(document))


def baseline(*rates: int, name: str = "main", spec: JobSpec | None = None) -> Baseline:
    """Runs of the job with these rates of `write`."""
    facts = {"spec": spec_digest(spec or job())}
    values = [{"write": {RATE: rate, "Redelivered": 0}} for rate in rates]
    return Baseline(
        name=name,
        create_time=MOMENT,
        runs=[BaselineRun(job=f"b{n}", facts=facts, values=some) for n, some in enumerate(values)],
    )


BASELINE = baseline(980, 1000, 1030)
RELATIVE = {"workload": "write", "metric": RATE, "relativeTo": "main", "atLeastPercent": 95}


def test_read_baseline__what_was_written__is_the_same() -> None:
    text = baseline_text(BASELINE)
    assert read_baseline(text) == parse_baseline_body(text) == BASELINE
    assert text == baseline_text(read_baseline(text))
    assert json.loads(text)["format"] == "njst.baseline/v1"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "njst.baseline/v2", "runs": []}, "format"),
        ({"runs": []}, "runs"),
        ({"runs": [{"job": "a", "pair": "x"}]}, "runs[0].pair"),
        ({"runs": [{"job": "a", "values": {"w": {RATE: "fast"}}}]}, f"runs[0].values.w.{RATE}"),
        ({"runs": [{"job": "a"}] * 51}, "runs"),
        ({"name": "Not A Name"}, "name"),
        ({"createTime": "yesterday"}, "createTime"),
    ],
)
def test_read_baseline__no_baseline__names_the_field(changes: dict[str, Any], field: str) -> None:
    document = json.loads(baseline_text(BASELINE)) | changes
    text = json.dumps(document).encode()
    for parse in (read_baseline, parse_baseline_body):
        with pytest.raises(InvalidDocumentError) as refused:
            parse(text)
        assert [problem.field for problem in refused.value.problems] == [field]


def test_read_baseline__no_json__is_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="JSON"):
        read_baseline(b"name: main")


def test_parse_baseline_body__ids_of_jobs__are_a_request() -> None:
    asked = parse_baseline_body(b"jobs: [a, b]\nwithUnproven: true")
    assert asked == BaselineRequest(jobs=["a", "b"], with_unproven=True)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"{}", "jobs"),
        (b"jobs: []", "jobs"),
        (b"jobs: [a, a]", "jobs"),
        (b"jobs: [a]\nname: b", "name"),
        (b"jobs: [a]\nwithUnproven: 1", "withUnproven"),
        (json.dumps({"jobs": [f"j{n}" for n in range(51)]}).encode(), "jobs"),
    ],
)
def test_parse_baseline_body__bad_request__names_the_field(text: bytes, field: str) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_baseline_body(text)
    assert [problem.field for problem in refused.value.problems] == [field]


def _report(verdict: Verdict = Verdict.VALID, *, limited: bool = False) -> Report:
    return Report(
        verdict=verdict,
        reason="Completed",
        create_time=MOMENT,
        completion_time=MOMENT,
        workloads=[
            WorkloadResult(workload="write", kind="Publish", start_ms=0, messages_per_second=7),
            WorkloadResult(workload="other", kind="Publish"),
        ],
        tester=Diagnosis(limited=limited, reason="HasReserve"),
    )


def test_baseline_run_of__report__has_the_values_that_are_known() -> None:
    run = baseline_run_of("a", job(), _report())
    assert run.values["write"] == {
        "Messages": 0,
        "Errors": 0,
        RATE: 7,
        "BytesPerSecond": 0,
        "Redelivered": 0,
        "LongestOutageMicroseconds": 0,
    }
    assert "other" not in run.values, "it never began"
    assert run.facts["spec"] == spec_digest(job())


def test_run_problems__unproven_run__is_refused_unless_asked_for() -> None:
    runs = [
        baseline_run_of("a", job(), _report()),
        baseline_run_of("b", job(), _report(Verdict.UNKNOWN)),
        baseline_run_of("c", job(), _report(limited=True)),
    ]
    found = run_problems(runs, "jobs", with_unproven=False)
    assert [str(problem) for problem in found] == [
        "jobs[1]: its verdict is Unknown; withUnproven takes it all the same",
        "jobs[2]: the load tester was the limit; withUnproven takes it all the same",
    ]
    assert run_problems(runs, "jobs", with_unproven=True) == []


def test_run_problems__another_spec__is_refused_always() -> None:
    other = job(description="x", workers=2)
    runs = [baseline_run_of("a", job(), _report()), baseline_run_of("b", other, _report())]
    (problem,) = run_problems(runs, "runs", with_unproven=True)
    assert problem.field == "runs[1]"
    assert f"its spec ({spec_digest(other)}) is another one" in problem.message


def test_spec_digest__what_says_nothing_about_the_load__is_ignored() -> None:
    same = job(RELATIVE, description="the gate", priority=9, mesh="other", queueTimeoutSeconds=1)
    assert spec_digest(same) == spec_digest(job())
    assert spec_digest(job(workers=1)) != spec_digest(job())


def test_pin__thresholds_of_a_job__get_median_and_range() -> None:
    assert pin([job({"metric": "Errors", "atMost": 0})], {}) is None
    (pinned,) = pin([job(RELATIVE)], {"main": BASELINE}) or []
    assert (pinned.name, pinned.spec) == ("main", spec_digest(job()))
    assert pinned.values == [
        PinnedValue(
            workload="write",
            metric=Metric.MESSAGES_PER_SECOND,
            runs=3,
            median=1000,
            lowest=980,
            highest=1030,
        )
    ]


def test_pin__two_baselines__has_each_once() -> None:
    other = baseline(5, name="other")
    second = {**RELATIVE, "relativeTo": "other", "atLeastPercent": 1}
    pinned = pin([job(RELATIVE, second, RELATIVE)], {"main": BASELINE, "other": other}) or []
    assert [(one.name, [v.median for v in one.values]) for one in pinned] == [
        ("main", [1000]),
        ("other", [5]),
    ]


REFUSED: list[tuple[str, dict[str, Any], Baseline | None, str, str]] = [
    ("missing", {}, None, "relativeTo", "there is no baseline main"),
    (
        "another spec",
        {},
        baseline(1, spec=job(workers=1)),
        "relativeTo",
        "the runs of baseline main had another spec",
    ),
    ("no such value", {"metric": P99}, BASELINE, "metric", f"main has no {P99} of write"),
    ("another workload", {"workload": "other"}, BASELINE, "metric", f"has no {RATE} of other"),
    ("each workload", {"workload": None}, BASELINE, "metric", f"has no {RATE} of other"),
    (
        "percent of 0",
        {"metric": "Redelivered"},
        BASELINE,
        "metric",
        "the Redelivered of write in baseline main is 0, and so is each percentage",
    ),
]


@pytest.mark.parametrize(
    ("changes", "found", "field", "said"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_pin__baseline_that_does_not_suit__names_the_field(
    changes: dict[str, Any], found: Baseline | None, field: str, said: str
) -> None:
    threshold = {**RELATIVE, **changes}
    spec = job({"metric": "Errors", "atMost": 0}, threshold)
    with pytest.raises(InvalidDocumentError) as refused:
        pin([spec], {} if found is None else {"main": found}, "spec.template")
    (problem,) = refused.value.problems
    assert problem.field == f"spec.template.thresholds[1].{field}"
    assert said in problem.message
