"""Reports: exact totals of the participants' tallies, and an end for every job."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.events import (
    Begun,
    Cancelled,
    Created,
    Event,
    Finished,
    Origin,
    OriginKind,
    Progress,
    Ready,
    Started,
    Suspected,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.preparation import (
    Adjustment,
    Preparation,
    StreamPlacement,
    TargetSession,
)
from njst.contract.results.report import Verdict
from njst.contract.results.tallies import SeriesTally, WindowTally, WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.threshold import Metric, Threshold
from njst.journal.report_builder import final_report, log_datetime, report_so_far
from njst.journal.state.job_store import ProgressEntry
from njst.journal.state.job_view import JobView
from njst.journal.state.projection import LOST_AFTER_NS, LogEntry
from njst.stats.histogram import Histogram
from tests.unit.journal.state.test_projection import S, ended, fold_all

BEGIN = 1_000 * S
SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [
            {"name": "write", "stream": "S", "messages": 10, "publish": {}},
            {"name": "read", "stream": "S", "durationSeconds": 5, "consume": {}},
        ],
        "thresholds": [{"workload": "write", "metric": "Messages", "atLeast": 9}],
    }
)


def history(*events: tuple[str, Event], spec: JobSpec = SPEC) -> JobView:
    """Apply `created` for a, b and c at second 1000, and an event each second after it."""
    created = Created(spec=spec, participants=["c", "a", "b"], origin=Origin(kind=OriginKind.HTTP))
    steps: list[tuple[str, Event]] = [("", created), *events]
    view = fold_all(
        [LogEntry(n + 1, BEGIN + n * S, "j", worker, e) for n, (worker, e) in enumerate(steps)]
    )
    assert view is not None
    return view


READY: list[tuple[str, Event]] = [(worker, Ready()) for worker in "abc"]
STARTED = ("", Started(run=["a", "b", "c"], lead_ms=500))


def wrote(messages: int, *latencies_us: int) -> WorkloadTally:
    return WorkloadTally(
        workload="write",
        planned=messages,
        attempted=messages,
        messages=messages,
        bytes=10 * messages,
        elapsed_us=1_000_000,
        latency=Histogram.of(latencies_us).encode(),
    )


def done(*tallies: WorkloadTally) -> Finished:
    return Finished(outcome=Outcome.COMPLETED, workloads=list(tallies))


def seen(*tallies: WorkloadTally) -> ProgressEntry:
    return ProgressEntry(Progress(elapsed_ms=1, workloads=list(tallies)), BEGIN)


def test_final_report__all_went_well__has_the_totals() -> None:
    view = history(
        *READY,
        STARTED,
        ("b", done(wrote(3, 100))),
        ("a", done(wrote(4, 200))),
        ("c", done(wrote(3))),
    )
    report = final_report(view, {}, BEGIN + 60 * S)
    assert (report.verdict, report.reason) == (Verdict.VALID, "Completed")
    assert [(w.worker, w.outcome) for w in report.workers] == [
        ("a", Outcome.COMPLETED),
        ("b", Outcome.COMPLETED),
        ("c", Outcome.COMPLETED),
    ]
    write, read = report.workloads
    assert (write.workload, write.kind, write.planned, write.messages, write.bytes) == (
        "write",
        "Publish",
        10,
        10,
        100,
    )
    assert write.latency_microseconds is not None
    assert (write.latency_microseconds.p50, write.latency_microseconds.max) == (100, 200)
    assert (read.workload, read.kind, read.planned, read.messages) == ("read", "Consume", None, 0)
    assert [(t.workload, t.value, t.verdict) for t in report.thresholds] == [
        ("write", 10, Verdict.VALID)
    ]
    assert report.create_time == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1_000)
    assert report.start_time == report.create_time + timedelta(seconds=4.5), "with its lead"
    assert report.completion_time == report.create_time + timedelta(seconds=60)


BATCH = Adjustment(workload="read", field="consume.batch", value="100", why="max_batch is 100")


def test_adjusted_defaults__of_all_workers__are_reported_once_from_the_preparation_on() -> None:
    other = BATCH.model_copy(update={"field": "consume.maxAckPending"})
    prepared: list[tuple[str, Event]] = [
        ("a", Ready(preparation=Preparation(adjusted=[BATCH]))),
        ("b", Ready(preparation=Preparation(adjusted=[BATCH, other]))),
        ("c", Ready()),
    ]
    for steps in (
        prepared,
        [*prepared, STARTED],
        [*prepared, STARTED, *((worker, done()) for worker in "abc")],
    ):
        view = history(*steps)
        assert report_so_far(view, {}, BEGIN + 60 * S).adjusted == [BATCH, other]
    assert final_report(view, {}, BEGIN + 60 * S).adjusted == [BATCH, other]


def session(**fields: str) -> Preparation:
    return Preparation(
        session=TargetSession(njst_version="1.0", cores="4 of 8, limit 4", user="svc", **fields),
        streams=[StreamPlacement(stream="S", leader=fields["server"])],
    )


def test_environment__of_several_workers__has_each_value_once_and_is_in_each_result() -> None:
    view = history(
        ("a", Ready(preparation=session(server="n2", server_version="2.14.0"))),
        ("b", Ready(preparation=session(server="n1", server_version="2.14.0"))),
        ("c", Ready()),
        STARTED,
        *((worker, done()) for worker in "abc"),
    )
    report = final_report(view, {}, BEGIN + 60 * S)
    found = report.environment
    assert found is not None
    assert (found.servers, found.server_versions) == (["n1", "n2"], ["2.14.0"])
    assert (found.users, found.accounts, found.njst_versions) == (["svc"], [], ["1.0"])
    assert found.cores == ["4 of 8, limit 4"]
    assert [(p.stream, p.leader) for p in found.streams] == [("S", "n2")]
    assert [w.target.server if w.target else None for w in report.workers] == ["n2", "n1", None]
    assert final_report(history(*READY, STARTED), {}, BEGIN).environment is None


def test_environment__worker_that_asked_before_a_leader_was_elected__leaves_it_to_the_others() -> (
    None
):
    placed = [StreamPlacement(stream="S", leader=leader) for leader in ("", "n2", "n1")]
    view = history(
        *(
            (worker, Ready(preparation=Preparation(session=TargetSession(), streams=[placement])))
            for worker, placement in zip("abc", placed, strict=True)
        ),
        STARTED,
    )
    found = report_so_far(view, {}, BEGIN + 60 * S).environment
    assert found is not None
    assert [placement.leader for placement in found.streams] == ["n2"]


def test_final_report__lost_worker__has_its_last_progress() -> None:
    accusations = LOST_AFTER_NS // S + 1
    view = history(
        *READY,
        STARTED,
        ("a", done(wrote(4))),
        ("b", done(wrote(3))),
        *[("c", Suspected())] * (accusations + 1),
    )
    report = final_report(view, {"c": seen(wrote(2)), "b": seen(wrote(1))}, BEGIN)
    assert (report.verdict, report.reason) == (Verdict.UNKNOWN, "WorkersLost")
    assert report.workers[2].outcome is Outcome.LOST
    assert report.workloads[0].messages == 9, "the final word of b, the last known one of c"
    assert report.workloads[0].planned == 10, "the whole that was asked for"


def test_final_report__workers_that_did_not_run__are_told_apart() -> None:
    problem = Problem(reason="StreamExists", message="S is there")
    view = history(("a", Ready()), ("b", Ready(problem=problem)), STARTED, ("a", done(wrote(10))))
    workers = final_report(view, {}, BEGIN).workers
    assert [(w.worker, w.outcome) for w in workers] == [
        ("a", Outcome.COMPLETED),
        ("b", Outcome.REJECTED),
        ("c", Outcome.LATE),
    ]
    assert workers[1].problem == problem


def test_final_report__never_started__has_no_start_time() -> None:
    view = history(("", Cancelled(reason="Requested", message="by hand")))
    report = final_report(view, {}, BEGIN + S)
    assert (report.verdict, report.reason, report.message) == (
        Verdict.INVALID,
        "Requested",
        "by hand",
    )
    assert report.start_time is None


def test_final_report__load_never_began__thresholds_have_no_data() -> None:
    spec = SPEC.model_copy(
        update={"thresholds": [Threshold(workload="write", metric=Metric.ERRORS, at_most=100)]}
    )
    refused = [(w, Ready(problem=Problem(reason="TargetNotAllowed", message="no"))) for w in "abc"]
    view = history(*refused, ("", Started(run=[], lead_ms=0)), spec=spec)
    report = final_report(view, {}, BEGIN + 9 * S)
    (threshold,) = report.thresholds
    assert report.workloads[0].start_ms is None
    assert (threshold.value, threshold.verdict) == (None, Verdict.INVALID)


def test_final_report__worker_stopped_early__keeps_its_problem() -> None:
    problem = Problem(reason="ProcessDied", message="a load process died")
    failed = Finished(outcome=Outcome.FAILED, problem=problem, workloads=[wrote(1)])
    view = history(*READY, STARTED, ("a", failed), ("b", done()), ("c", done()))
    report = final_report(view, {}, BEGIN)
    assert (report.workers[0].outcome, report.workers[0].problem) == (Outcome.FAILED, problem)
    assert (report.verdict, report.reason) == (Verdict.INVALID, "ProcessDied")


def test_final_report__workers__have_counts_without_histograms() -> None:
    tally = wrote(10, 7).model_copy(
        update={
            "service": Histogram.of([7]).encode(),
            "slip": Histogram.of([7]).encode(),
            "series": SeriesTally(windows=[WindowTally(messages=10)]),
        }
    )
    view = history(*READY, STARTED, ("a", done(tally)), ("b", done()), ("c", done()))
    for report in (final_report(view, {}, BEGIN), report_so_far(view, {}, BEGIN)):
        [kept] = report.workers[0].workloads
        assert (kept.latency, kept.service, kept.slip, kept.series) == ("", "", "", None)
        assert kept.messages == 10
        assert report.workloads[0].latency, "the whole keeps its histogram"
        assert report.workloads[0].series is not None


def test_report_so_far__running__has_what_is_known() -> None:
    view = history(*READY, STARTED, ("a", done(wrote(4))))
    report = report_so_far(view, {"b": seen(wrote(2))}, BEGIN + 9 * S)
    assert (report.verdict, report.reason) == (Verdict.UNKNOWN, "Running")
    assert report.workloads[0].messages == 6
    assert report.thresholds == [], "nobody fails before the end"
    assert report.completion_time == report.create_time + timedelta(seconds=9)


def test_report_so_far__ended__is_the_report_in_the_log() -> None:
    final = ended()
    view = history(*READY, STARTED, ("", final))
    assert report_so_far(view, {"a": seen(wrote(4))}, BEGIN) is final.report


DAMAGED = [
    pytest.param({"latency": "AAAA"}, id="latency"),
    pytest.param({"service": "not base64!"}, id="service"),
    pytest.param({"slip": "AAAA"}, id="slip"),
    pytest.param({"series": SeriesTally(width_s=0, windows=[WindowTally()])}, id="width"),
    pytest.param({"series": SeriesTally(windows=[WindowTally(latency="AAAA")])}, id="window"),
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_final_report__damaged_histogram__fails_only_its_worker(
    damage: dict[str, object],
) -> None:
    """The result stays in the log: if no report could be made, the job could never end."""
    damaged = wrote(4).model_copy(update=damage)
    view = history(*READY, STARTED, ("a", done(damaged)), ("b", done(wrote(3))), ("c", done()))
    report = final_report(view, {}, BEGIN)
    assert (report.verdict, report.reason) == (Verdict.INVALID, "ResultUnreadable")
    assert report.workers[0].outcome is Outcome.FAILED
    assert report.message.startswith("a failed: its result cannot be read: ")
    assert report.workloads[0].messages == 3, "numbers of the others"
    assert report_so_far(view, {"c": seen(damaged)}, BEGIN).workloads[0].messages == 3


@given(st.integers(0, 2**62))
def test_log_datetime__any_time__is_exact_to_the_microsecond(time_ns: int) -> None:
    since_epoch = log_datetime(time_ns) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since_epoch // timedelta(microseconds=1) == time_ns // 1_000


def test_report__workloads_with_phases__say_when_they_began() -> None:
    spec = parse_spec(
        {
            "streams": [{"name": "S"}],
            "workloads": [
                {"name": "write", "stream": "S", "messages": 10, "publish": {}},
                {
                    "name": "read",
                    "stream": "S",
                    "messages": 5,
                    "startSeconds": 2,
                    "after": ["write"],
                    "consume": {},
                },
                {"name": "never", "stream": "S", "messages": 5, "after": ["read"], "get": {}},
            ],
        }
    )
    start: list[tuple[str, Event]] = [
        *[(worker, Ready()) for worker in "abc"],
        ("", Started(run=["a", "b", "c"], lead_ms=400)),
        ("a", Begun(workloads=["read"], lead_ms=400)),
    ]
    report = report_so_far(history(*start, spec=spec), {}, BEGIN)
    assert [(w.workload, w.start_ms) for w in report.workloads] == [
        ("write", 0),
        ("read", 3000),
        ("never", None),
    ]
