"""The projection of any log, however hostile: one valid view, the same for every reader."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.events import (
    Begun,
    Cancelled,
    Cleaned,
    Created,
    Deleted,
    Done,
    Ended,
    Event,
    Finished,
    Origin,
    OriginKind,
    Ready,
    Refuted,
    SliceRead,
    Started,
    Suspected,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.contract.results.readback import SliceResult, StreamReceipts
from njst.contract.results.report import Report, Verdict
from njst.journal.state.job_view import JobView, ParticipantPhase, ParticipantState, Phase
from njst.journal.state.projection import CHAIN_GAP_NS, LOST_AFTER_NS, LogEntry, apply
from njst.verification.slices import FEWEST

S = 1_000_000_000
MS = 1_000_000
WORKERS = ("a", "b", "c")
EVERYBODY = (*WORKERS, "stranger")
SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [
            {"name": "w", "stream": "S", "messages": 9, "publish": {}},
            {"name": "x", "stream": "S", "durationSeconds": 9, "consume": {}, "after": ["w"]},
            {"name": "y", "stream": "S", "durationSeconds": 9, "consume": {}, "after": ["w", "x"]},
        ],
    }
)


# Enough for two readers of three.
WROTE = StreamReceipts(workload="w", stream="S", count=FEWEST)


def created(*participants: str) -> Created:
    return Created(spec=SPEC, participants=list(participants), origin=Origin(kind=OriginKind.HTTP))


def ended(verdict: Verdict = Verdict.VALID) -> Ended:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Ended(
        report=Report(
            verdict=verdict, reason=str(verdict), create_time=moment, completion_time=moment
        )
    )


_shared: st.SearchStrategy[tuple[str, Event | None]] = st.one_of(
    st.lists(st.sampled_from(EVERYBODY), max_size=5).map(lambda w: ("", created(*w))),
    st.lists(st.sampled_from(EVERYBODY), max_size=5).map(
        lambda w: ("", Started(run=w, lead_ms=400))
    ),
    st.just(("", Cancelled(reason="Requested"))),
    st.sampled_from(Verdict).map(lambda v: ("", ended(v))),
    st.just(("", Cleaned())),
    st.just(("", Deleted())),
    st.just(("", None)),
)
_own = st.tuples(
    st.sampled_from(EVERYBODY),
    st.sampled_from(
        [
            Ready(),
            Ready(problem=Problem(reason="StreamExists")),
            Ready(problem=Problem(reason=START_TIMEOUT)),
            Finished(outcome=Outcome.COMPLETED),
            Finished(outcome=Outcome.COMPLETED, receipts=[WROTE]),
            Finished(outcome=Outcome.STOPPED, receipts=[WROTE]),
            SliceRead(slice=0, sight=SliceResult()),
            SliceRead(slice=1, sight=SliceResult(problem="ReadFailed")),
            SliceRead(slice=-1, sight=SliceResult()),
            SliceRead(),
            Suspected(),
            Suspected(),
            Refuted(),
            Done(workloads=["w"]),
            Done(workloads=["x", "nothing"]),
            Begun(workloads=["x"], lead_ms=400),
            Begun(workloads=["w", "x", "y"], lead_ms=-5),
        ]
    ),
)
_steps = st.lists(
    st.tuples(st.integers(0, 3 * S), st.one_of(_own, _own, _shared)), min_size=1, max_size=60
)


@st.composite
def logs(draw: st.DrawFn) -> list[LogEntry]:
    """Entries in the order of a log; most begin as a log should."""
    entries: list[LogEntry] = []
    now = 1000 * S
    if draw(st.booleans()):
        entries.append(LogEntry(1, now, "j", "", created(*WORKERS)))
    for pause, (worker, event) in draw(_steps):
        now += pause
        entries.append(LogEntry(len(entries) + 1, now, "j", worker, event))
    return entries


def fold_all(entries: list[LogEntry], view: JobView | None = None) -> JobView | None:
    for entry in entries:
        view = apply(view, entry)
    return view


@given(logs())
def test_projection__any_prefix__gives_a_valid_view(entries: list[LogEntry]) -> None:
    view: JobView | None = None
    for entry in entries:
        before = view
        view = apply(view, entry)
        if view is None:
            continue
        assert isinstance(view.phase, Phase)
        assert set(view.run) <= view.parts.keys()
        assert view.last_seq == entry.seq
        if before is None:
            continue
        assert view.parts.keys() == before.parts.keys(), "participants are fixed"
        assert set(before.run) <= set(view.run) or not before.run
        if before.started:
            assert (view.start_ns, view.run) == (before.start_ns, before.run)
        if before.settled:
            assert view.settled
        if before.ended:
            assert (view.phase, view.ended) == (before.phase, before.ended)
            assert [p.state for p in view.parts.values()] == [
                p.state for p in before.parts.values()
            ]
        assert set(before.seen) <= set(view.seen) or view.cleaned
        assert set(view.seen) <= set(range(view.slices))
        assert not (view.reading and view.loading)
        if view.reading:
            owners = [view.reader_of(number) for number in range(view.slices)]
            assert set(owners) <= set(view.watched)
            unseen = set(range(view.slices)) - set(view.seen)
            assert all(number in view.to_read(owners[number]) for number in unseen)
        assert before.begins_ns.items() <= view.begins_ns.items()
        assert set(view.begins_ns) <= {"x", "y"}
        assert all(at_ns >= view.start_ns - 400 * MS for at_ns in view.begins_ns.values())
        for worker, part in before.parts.items():
            assert part.done <= view.parts[worker].done <= {"w", "x"}
            if part.state in (
                ParticipantPhase.FINISHED,
                ParticipantPhase.LOST,
                ParticipantPhase.LATE,
            ):
                assert view.parts[worker].state is part.state


@given(logs(), st.data())
def test_projection__repeated_entries__change_nothing(
    entries: list[LogEntry], data: st.DataObject
) -> None:
    once = fold_all(entries)
    again: list[LogEntry] = []
    for index, entry in enumerate(entries):
        again.append(entry)
        repeat = data.draw(st.integers(0, index))
        if data.draw(st.booleans()):
            again += entries[repeat : index + 1]
    assert fold_all(again) == once


@given(logs(), st.integers(0, 60))
def test_projection__second_reader__has_the_same_view(entries: list[LogEntry], cut: int) -> None:
    first = fold_all(entries[:cut])
    assert fold_all(entries[cut:], first) == fold_all(entries)


@given(logs())
def test_started__worker_not_ready__does_not_run(entries: list[LogEntry]) -> None:
    view: JobView | None = None
    ready: set[str] = set()
    for entry in entries:
        fit = isinstance(entry.event, Ready) and entry.event.problem is None
        if fit and view is not None and not view.started:
            ready.add(entry.worker)
        view = apply(view, entry)
        if view is not None:
            assert set(view.run) <= ready


@settings(max_examples=50)
@given(logs())
def test_projection__void_events__change_nothing(entries: list[LogEntry]) -> None:
    """Without an event that changed nothing, later events have the same effect."""
    view: JobView | None = None
    telling: list[LogEntry] = []
    for entry in entries:
        before, view = view, apply(view, entry)
        if before is None or view is None or view.void_count == before.void_count:
            telling.append(entry)
    lean = fold_all(telling)
    if view is None or lean is None:
        assert view is lean
        return
    assert (lean.parts, lean.phase, lean.start_ns) == (view.parts, view.phase, view.start_ns)


BEGIN = [
    LogEntry(1, 1000 * S, "j", "", created(*WORKERS)),
    *[LogEntry(n + 2, 1000 * S, "j", worker, Ready()) for n, worker in enumerate(WORKERS)],
    LogEntry(5, 1000 * S, "j", "", Started(run=list(WORKERS), lead_ms=0)),
]


def accuse(*moments_ns: int, then: Event | None = None, at_ns: int = 0) -> ParticipantPhase:
    """Apply suspicions of `a` at these times after the start, and perhaps another event."""
    steps: list[tuple[int, Event]] = [(moment, Suspected()) for moment in moments_ns]
    if then is not None:
        steps = sorted([*steps, (at_ns, then)], key=lambda step: step[0])
    entries = [
        LogEntry(seq, 1000 * S + moment, "j", "a", event)
        for seq, (moment, event) in enumerate(steps, start=6)
    ]
    view = fold_all([*BEGIN, *entries])
    assert view is not None
    return view.parts["a"].state


def test_suspected__once__is_not_lost() -> None:
    assert accuse(3600 * S) is ParticipantPhase.RUNNING


def test_suspected__unbroken_chain__is_lost() -> None:
    assert accuse(4 * S, 5 * S, 6 * S) is ParticipantPhase.RUNNING
    assert accuse(4 * S, 5 * S, 6 * S, 4 * S + LOST_AFTER_NS) is ParticipantPhase.LOST


def test_suspected__gap_in_the_log__breaks_the_chain() -> None:
    gap = 5 * S + CHAIN_GAP_NS + 1
    assert accuse(4 * S, 5 * S, gap, gap + S) is ParticipantPhase.RUNNING


def test_suspected__refuted__breaks_the_chain() -> None:
    moments = [n * S for n in range(4, 8)]
    assert accuse(*moments, then=Refuted(), at_ns=6 * S + 1) is ParticipantPhase.RUNNING


def test_suspected__delivered_again__changes_nothing() -> None:
    """Else an old one would move the end of the chain back, and the next would seem to break it."""
    chain = [LogEntry(n + 2, (1000 + n) * S, "j", "a", Suspected()) for n in range(4, 8)]
    again = [*chain[:3], chain[0], chain[1], chain[0], *chain[3:]]
    once = fold_all([*BEGIN, *chain])
    assert once is not None
    assert once.parts["a"].state is ParticipantPhase.LOST
    assert fold_all([*BEGIN, *again]) == once
    assert fold_all([*BEGIN, *again, *again]) == once


def test_refuted__delivered_again__does_not_break_a_later_chain() -> None:
    accused = LogEntry(6, 1004 * S, "j", "a", Suspected())
    alive = LogEntry(7, 1004 * S + 1, "j", "a", Refuted())
    chain = [LogEntry(n + 3, (1000 + n) * S, "j", "a", Suspected()) for n in range(5, 9)]
    once = fold_all([*BEGIN, accused, alive, *chain])
    again = fold_all([*BEGIN, accused, alive, *chain[:3], accused, alive, chain[3]])
    assert once is not None
    assert once.parts["a"].state is ParticipantPhase.LOST
    assert again == once


def test_finished_and_lost__exclude_each_other() -> None:
    done = Finished(outcome=Outcome.COMPLETED)
    moments = [n * S for n in range(4, 9)]
    assert accuse(*moments, then=done, at_ns=5 * S + 1) is ParticipantPhase.FINISHED
    assert accuse(*moments, then=done, at_ns=9 * S) is ParticipantPhase.LOST


def test_suspected__before_the_start__does_not_count() -> None:
    late_start = [*BEGIN[:4], LogEntry(5, 1000 * S, "j", "", Started(run=["a"], lead_ms=60_000))]
    chain = [LogEntry(n + 6, (1001 + n) * S, "j", "a", Suspected()) for n in range(10)]
    view = fold_all([*late_start, *chain])
    assert view is not None
    assert view.parts["a"].state is ParticipantPhase.RUNNING


def test_ready__with_a_late_problem__is_late_and_keeps_the_problem() -> None:
    why = Problem(reason=START_TIMEOUT, message="still at it")
    first, *_ = BEGIN
    view = fold_all(
        [
            first,
            LogEntry(2, 1001 * S, "j", "a", Ready(problem=why)),
            LogEntry(3, 1001 * S, "j", "a", Ready()),
            LogEntry(4, 1002 * S, "j", "b", Ready()),
            LogEntry(5, 1003 * S, "j", "", Started(run=["a", "b"], lead_ms=400)),
        ]
    )
    assert view is not None
    assert view.parts["a"] == ParticipantState("a", ParticipantPhase.LATE, why)
    assert view.run == ("b",)


def test_cancelled__before_start_only__is_void_after_the_start() -> None:
    """The worker that appends it may have been cut off, and not know of the start."""
    late = LogEntry(6, 1005 * S, "j", "", Cancelled(reason="StartTimeout", before_start=True))
    view = fold_all([*BEGIN, late])
    assert view is not None
    assert view.cancelled is None
    by_hand = LogEntry(7, 1006 * S, "j", "", Cancelled(reason="Requested"))
    view = apply(view, by_hand)
    assert view is not None
    assert view.cancelled == by_hand.event, "the void one keeps nobody out"


def test_cancelled__settled_job__is_void() -> None:
    """Its report may be on its way already, without the cancellation."""
    done = Finished(outcome=Outcome.COMPLETED)
    entries = [LogEntry(n + 6, 1005 * S, "j", worker, done) for n, worker in enumerate(WORKERS)]
    view = fold_all(
        [*BEGIN, *entries, LogEntry(9, 1006 * S, "j", "", Cancelled(reason="Requested"))]
    )
    assert view is not None
    assert view.settled
    assert view.cancelled is None


def test_begun__twice__the_first_counts() -> None:
    begun = [
        LogEntry(6, 1005 * S, "j", "a", Begun(workloads=["x"], lead_ms=400)),
        LogEntry(7, 1005 * S + 1, "j", "b", Begun(workloads=["x"], lead_ms=400)),
        LogEntry(8, 1009 * S, "j", "b", Begun(workloads=["x", "y"], lead_ms=300)),
    ]
    view = fold_all([*BEGIN, *begun])
    assert view is not None
    assert view.begins_ns == {"x": 1005 * S + 400 * MS, "y": 1009 * S + 300 * MS}


def test_may_begin__all_running_are_done_before__is_true() -> None:
    def may_begin(*events: tuple[str, Event]) -> tuple[str, ...]:
        steps = [LogEntry(n, (1000 + n) * S, "j", w, e) for n, (w, e) in enumerate(events, start=6)]
        view = fold_all([*BEGIN, *steps])
        assert view is not None
        return view.may_begin

    done, lost = Done(workloads=["w"]), Suspected()
    assert may_begin(("a", done), ("b", done)) == ()
    assert may_begin(("a", done), ("b", done), ("c", done)) == ("x",)
    assert may_begin(("a", done), ("b", done), *[("c", lost)] * 4) == ("x",)
    finished = Finished(outcome=Outcome.FAILED)
    assert may_begin(("a", done), ("b", done), ("c", finished)) == ("x",)
    begun = Begun(workloads=["x"], lead_ms=0)
    assert may_begin(*[(w, done) for w in WORKERS], ("a", begun)) == ()
    both = Done(workloads=["w", "x"])
    assert may_begin(*[(w, both) for w in WORKERS], ("a", begun)) == ("y",)


def test_suspected__log_clock_set_back__begins_a_new_chain() -> None:
    """Else a lost worker would not be detected for as long as the clock was set back."""
    times = [3604 * S, 3605 * S, *(n * S for n in range(10, 15))]
    entries = [
        LogEntry(seq, (1000 * S) + moment, "j", "a", Suspected())
        for seq, moment in enumerate(times, 6)
    ]
    view = fold_all([*BEGIN, *entries])
    assert view is not None
    assert view.parts["a"].state is ParticipantPhase.LOST
