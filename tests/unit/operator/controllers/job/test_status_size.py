"""A status is at most 8 KiB, whatever the job and its report are."""

from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.events import Ended, Started
from njst.contract.fields import MAX_INTEGER
from njst.contract.results.job_status import MAX_BYTES, JobStatus
from njst.contract.results.preparation import MOST_WORDS, Adjustment
from njst.contract.results.report import (
    Diagnosis,
    Latency,
    Report,
    ThresholdResult,
    Verdict,
    WorkloadResult,
)
from njst.contract.results.tallies import ErrorClass, ErrorTally, ReadBack
from njst.contract.spec.job import MAX_WORKLOADS, JobSpec
from njst.contract.spec.threshold import Metric
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import apply
from njst_operator.controllers.job import job_status_builder, phase_status
from njst_operator.kube.truncate import truncate
from tests.unit.journal.state.test_projection import SPEC, LogEntry, S, created
from tests.unit.operator.controllers.job.test_job_decide import NOW, resource

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "n" * 40
T = TypeVar("T")
# One byte, three, four, and one that JSON writes as six.
_letters = st.sampled_from('x€𝄞\x01"')
# Long texts that are quick to generate: one letter many times, and another at the end.
_text = st.builds(lambda c, n, last: c * n + last, _letters, st.integers(0, 600), _letters)
_number = st.sampled_from([0, 7, MAX_INTEGER])


def _workload(number: int, said: str, example: str, errors: int, measured: bool) -> WorkloadResult:
    """Return a workload, all of whose counts are this long."""
    return WorkloadResult(
        workload=NAME,
        kind="objectStore",
        planned=number,
        messages=number,
        bytes=number,
        redelivered=number,
        duplicates=number,
        terminated=number,
        reconnects=number,
        longest_outage_us=number,
        elapsed_us=number,
        messages_per_second=number,
        bytes_per_second=number,
        errors=[
            ErrorTally(error_class=error_class, count=number, example=example[:300])
            for error_class in list(ErrorClass)[:errors]
        ],
        latency_microseconds=Latency(p50=number, p90=number, p99=number, p999=number, max=number)
        if measured
        else None,
        read_back=ReadBack(acknowledged=number, found=number, lost=number, unchecked=number)
        if measured
        else None,
        skipped=said,
    )


def _threshold(number: int, verdict: Verdict) -> ThresholdResult:
    return ThresholdResult(
        workload=NAME, metric=Metric.ERRORS, at_most=number, value=number, verdict=verdict
    )


_workloads = st.builds(_workload, _number, _text, _text, st.integers(0, 5), st.booleans())
_thresholds = st.builds(_threshold, _number, st.sampled_from(Verdict))


def _some(made: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Return few different items, repeated: more of them would take long and show no more."""
    repeated = st.tuples(st.lists(made, max_size=3), st.sampled_from([1, 3, most]))
    return repeated.map(lambda found: (found[0] * found[1])[:most])


_report = st.builds(
    lambda reason, message, workloads, thresholds, limited: Report(
        verdict=Verdict.VALID,
        reason=reason,
        message=message,
        create_time=MOMENT,
        completion_time=MOMENT,
        workloads=workloads,
        thresholds=thresholds,
        tester=Diagnosis(limited=limited, reason="R" * 60, message=message),
        adjusted=[Adjustment(workload=NAME, field="f" * 40, value="9", why=message[:MOST_WORDS])]
        * 64,
        left_behind=[message] * 9,
    ),
    st.sampled_from(["Completed", "R" * 60]),
    _text,
    _some(_workloads, MAX_WORKLOADS),
    _some(_thresholds, 32),
    st.booleans(),
)


@cache
def _running(workers: int) -> JobView:
    """Return a job of this many workers, all late, with the longest target."""
    names = [f"{'w' * 60}-{number}" for number in range(workers)]
    servers = [f"nats://{'h' * 240}:{4000 + n}" for n in range(16)]
    spec = JobSpec.model_validate({**SPEC.model_dump(), "target": {"servers": servers}})
    begin = created(*names).model_copy(update={"spec": spec})
    view = apply(None, LogEntry(1, S, "j", "", begin))
    view = apply(view, LogEntry(2, 2 * S, "j", "", Started(run=names[:1], lead_ms=0)))
    assert view is not None
    return view


@settings(deadline=None, max_examples=60)
@given(_report, st.sampled_from([1, 3, 1000]), _text)
def test_status__any_report__stays_within_max_bytes(
    report: Report, workers: int, said: str
) -> None:
    old = resource(JobStatus(revision=MAX_INTEGER, observed_generation=MAX_INTEGER))
    view = apply(_running(workers), LogEntry(3, 3 * S, "j", "", Ended(report=report)))
    assert view is not None
    new = job_status_builder.of_job(old, view, report, NOW)
    assert len(new.to_json()) <= MAX_BYTES
    assert len(new.lost_workers) == min(workers, job_status_builder.MAX_LOST)
    waiting = phase_status.JOB.waiting("R" * 60, said)
    assert len(job_status_builder.without_job(old, waiting, NOW).to_json()) <= MAX_BYTES


@given(st.text(_letters, max_size=40) | _text, st.integers(10, 300))
def test_truncate__any_text__returns_the_longest_prefix_that_fits(text: str, limit: int) -> None:
    cut = truncate(text, limit)
    assert len(JobStatus(message=cut).to_json()) - len(JobStatus().to_json()) <= limit
    assert cut == text or text.startswith(cut[:-1])
    if cut != text:
        longer = text[: len(cut)] + "…"
        assert len(JobStatus(message=longer).to_json()) - len(JobStatus().to_json()) > limit
