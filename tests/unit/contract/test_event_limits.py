"""What is left out so that an event fits, in which order, and what never is."""

from datetime import UTC, datetime

import pytest

from njst.contract.event_limits import (
    ALL_RECEIPTS_BYTES,
    ALL_SERIES_BYTES,
    SIGHT_BYTES,
    fit,
    receipts_bytes,
    series_bytes,
    sight_bytes,
    smaller,
)
from njst.contract.events import Finished, SliceRead, Started
from njst.contract.results.outcome import Outcome
from njst.contract.results.readback import SliceResult, StreamReceipts
from njst.contract.results.report import (
    Report,
    SeriesResult,
    Verdict,
    WindowResult,
    WorkerResult,
    WorkloadResult,
)
from njst.contract.results.tallies import SeriesTally, WorkloadTally
from njst.journal.state.projection import READERS


def report(workers: int, windows: int = 0, histogram: int = 0) -> Report:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Report(
        verdict=Verdict.UNKNOWN,
        reason="WorkersLost",
        message="one is lost",
        create_time=moment,
        completion_time=moment,
        workers=[
            WorkerResult(
                worker=f"worker-{number}",
                outcome=Outcome.LOST if number == workers - 1 else Outcome.COMPLETED,
                workloads=[WorkloadTally(workload="w", messages=1)],
            )
            for number in range(workers)
        ],
        workloads=[
            WorkloadResult(
                workload="w",
                kind="Publish",
                messages=workers,
                latency="x" * histogram,
                series=SeriesResult(windows=[WindowResult(messages=1)] * windows),
            )
        ],
    )


def test_what_fits_is_left_alone() -> None:
    whole = report(100)
    assert fit(whole) is whole


@pytest.mark.parametrize(
    ("large", "omitted"),
    [
        (report(3000), "what each worker did"),
        (report(3, windows=40_000), "what each worker did, the course of the workloads"),
        (
            report(3, histogram=600_000),
            "what each worker did, the course of the workloads, histograms",
        ),
    ],
)
def test_details_go_first_and_totals_stay(large: Report, omitted: str) -> None:
    small = fit(large)
    assert small.omitted == omitted
    assert len(small.to_json()) <= 512 * 1024
    assert len(small.workers) == len(large.workers)
    assert small.workloads[0].messages == large.workloads[0].messages


def test_of_very_many_workers_those_that_failed_are_named() -> None:
    small = fit(report(20_000))
    assert len(small.workers) == 100
    assert small.workers[0].outcome is Outcome.LOST


def test_a_last_word_that_is_too_large_gets_smaller_until_it_is_a_failure() -> None:
    tally = WorkloadTally(workload="w", messages=5, latency="x", series=SeriesTally())
    finished = Finished(outcome=Outcome.COMPLETED, workloads=[tally])
    once = smaller(finished)
    twice = smaller(once)
    assert isinstance(twice, Finished)
    assert twice.workloads == [WorkloadTally(workload="w", messages=5)]
    last = smaller(twice)
    assert isinstance(last, Finished)
    assert last.problem is not None
    assert (last.outcome, last.problem.reason) == (Outcome.FAILED, "ResultTooLarge")
    with pytest.raises(ValueError, match="nothing can be left out"):
        smaller(last)
    with pytest.raises(ValueError, match="Started"):
        smaller(Started(run=[], lead_ms=0))


@pytest.mark.parametrize("participants", [1, 3, 64, 100, 1000])
def test_the_courses_of_all_participants_leave_room_in_the_log(participants: int) -> None:
    assert participants * series_bytes(participants) <= ALL_SERIES_BYTES
    assert 32_000 <= series_bytes(participants) <= 512 * 1024


def test_smaller_event__course_gone__loses_receipts_then_ranges() -> None:
    wrote = StreamReceipts(workload="w", stream="S", count=5, producers="x")
    tally = WorkloadTally(workload="w", messages=5, latency="x")
    finished = Finished(outcome=Outcome.COMPLETED, workloads=[tally], receipts=[wrote])
    once = smaller(finished)
    assert isinstance(once, Finished)
    assert (once.receipts, once.workloads) == ([], [tally])
    seen = smaller(SliceRead(slice=2, sight=SliceResult(found="x")))
    assert seen == SliceRead(slice=2, sight=SliceResult(problem="TooManyHoles"))
    with pytest.raises(ValueError, match="SliceRead"):
        smaller(seen)


@pytest.mark.parametrize("participants", [1, 64, 1000])
def test_the_receipts_of_all_participants_leave_room_in_the_log(participants: int) -> None:
    assert participants * receipts_bytes(participants, 2**20) <= ALL_RECEIPTS_BYTES
    assert receipts_bytes(participants, 2**20) >= 16_000
    assert receipts_bytes(participants, 8192) == 2048
    assert sight_bytes(8192) == 4096
    assert READERS * SIGHT_BYTES <= ALL_RECEIPTS_BYTES
