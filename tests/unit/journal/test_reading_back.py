"""Which worker reads which slice back, according to every reader of the log."""

import pytest

from njst.contract.events import Cancelled, Event, Finished, Refuted, SliceRead, Suspected
from njst.contract.results.outcome import Outcome
from njst.contract.results.readback import SliceResult, StreamReceipts
from njst.contract.results.report import Verdict
from njst.contract.results.tallies import ReadBack, WorkloadTally
from njst.journal.report_builder import final_report
from njst.journal.state.job_view import JobView, ParticipantPhase, Phase
from njst.journal.state.projection import CHAIN_GAP_NS, LOST_AFTER_NS, READERS
from njst.verification.range_codec import ProducerRanges, encode
from njst.verification.slices import FEWEST
from tests.unit.journal.test_report_builder import READY, STARTED, history

# For a slice of its own.
SIZE = FEWEST
NAMES = "abc"


def code(worker: str) -> int:
    return ord(worker)


def finished(worker: str, outcome: Outcome = Outcome.COMPLETED) -> tuple[str, Event]:
    """Return a worker's `finished` with receipts of its third, which nobody has read back."""
    producers = encode([ProducerRanges(code(worker), SIZE, [(0, SIZE)])])
    receipts = [StreamReceipts(workload="write", stream="S", count=SIZE, producers=producers)]
    unread = ReadBack(acknowledged=SIZE, unchecked=SIZE, reasons=["NotRead"])
    tally = WorkloadTally(workload="write", planned=SIZE, messages=SIZE, read_back=unread)
    return worker, Finished(outcome=outcome, workloads=[tally], receipts=receipts)


def seen(worker: str, number: int, *found: str, lacks: int = 0) -> tuple[str, Event]:
    entries = [ProducerRanges(code(one), 0, [(lacks, SIZE)]) for one in found]
    return worker, SliceRead(slice=number, sight=SliceResult(found=encode(entries)))


def losing(worker: str) -> list[tuple[str, Event]]:
    """Suspect a worker until it is lost; the events of `history` are a second apart."""
    assert CHAIN_GAP_NS > 10**9
    return [(worker, Suspected())] * (LOST_AFTER_NS // 10**9 + 1)


LOADED = [*READY, STARTED, *map(finished, NAMES)]


def read_back(view: JobView) -> ReadBack:
    (workload, _) = final_report(view, {}, view.last_ns).workloads
    assert workload.read_back is not None
    return workload.read_back


def whole(**changes: int) -> ReadBack:
    count = len(NAMES) * SIZE
    return ReadBack(acknowledged=count, found=count).model_copy(update=changes)


def test_read_back__all_slices_read__job_is_settled() -> None:
    view = history(*LOADED)
    assert (view.phase, view.settled, view.slices) == (Phase.RUNNING, False, 3)
    assert [view.to_read(worker) for worker in NAMES] == [[0], [1], [2]]
    said = [seen("b", 1, "b"), seen("a", 0, "a"), seen("c", 2, "c")]
    for count in (1, 2):
        assert history(*LOADED, *said[:count]).reading
    view = history(*LOADED, *said)
    assert view.settled
    assert view.to_read("a") == []
    assert read_back(view) == whole()


def test_read_back__load_still_runs__has_not_begun() -> None:
    view = history(*LOADED[:-1], seen("a", 0, "a"))
    assert not view.reading
    assert not view.seen
    assert view.watched == ("c",)


def test_read_back__many_workers__has_few_readers() -> None:
    assert READERS <= 8


def test_read_back__lost_reader__slice_goes_to_the_next() -> None:
    view = history(*LOADED, seen("a", 0, "a"), *losing("c"))
    assert view.parts["c"].state is ParticipantPhase.FINISHED, "what it measured counts"
    assert [view.to_read(worker) for worker in NAMES] == [[2], [1], []]
    late = history(*LOADED, seen("a", 0, "a"), *losing("c"), seen("c", 2, "c"))
    assert late.seen.keys() == {0}, "its last word comes too late"
    done = history(*LOADED, *losing("c"), *[seen("a", n, w) for n, w in enumerate(NAMES)])
    assert done.settled
    assert read_back(done) == whole()


def test_read_back__refuting_reader__stays_until_it_leaves() -> None:
    view = history(*LOADED, *losing("c")[:-1], ("c", Refuted()), *losing("c")[:-1])
    assert view.to_read("c") == [2]
    view = history(*LOADED, ("c", SliceRead()))
    assert (view.to_read("c"), view.reader_of(2)) == ([], "a")
    early = history(*LOADED[:-1], ("a", SliceRead()), finished("c"))
    assert early.readers == ("b", "c")


def test_read_back__no_reader_left__is_in_the_report() -> None:
    gone: list[tuple[str, Event]] = [(worker, SliceRead()) for worker in NAMES]
    view = history(*LOADED, seen("a", 0, "a"), *gone)
    assert view.settled
    count = len(NAMES) * SIZE
    assert read_back(view) == ReadBack(
        acknowledged=count, found=SIZE, unchecked=count - SIZE, reasons=["NotRead"]
    )
    report = final_report(view, {}, view.last_ns)
    assert report.verdict is not Verdict.VALID


def test_read_back__cancelled__is_over() -> None:
    for events in (
        [*LOADED, seen("a", 0, "a"), ("", Cancelled(reason="Requested"))],
        [*LOADED[:-1], ("", Cancelled(reason="Requested")), finished("c")],
    ):
        view = history(*events)
        assert view.settled
        assert read_back(view).reasons == ["Stopped"]
        assert read_back(view).lost == 0
        late = history(*events, seen("b", 1, "b"))
        assert late.seen == view.seen


def test_read_back__message_missing__is_lost_once() -> None:
    view = history(*LOADED, seen("c", 2, "c"), seen("b", 1, "b", lacks=1), seen("a", 0, "a"))
    assert read_back(view) == whole(found=3 * SIZE - 1, lost=1)
    report = final_report(view, {}, view.last_ns)
    assert (report.verdict, report.reason) == (Verdict.INVALID, "MessagesLost")
    proved = [worker.workloads[0].read_back for worker in report.workers]
    assert [one.lost for one in proved if one] == [0, 1, 0]


@pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.FAILED])
def test_read_back__stopped_worker__is_read_by_others(outcome: Outcome) -> None:
    view = history(*LOADED[:-1], finished("c", outcome))
    assert ("c" in view.readers) == (outcome is Outcome.FAILED)
    assert view.receipts.keys() == set(NAMES)


def test_read_back__older_njst__has_read_for_itself() -> None:
    proved = WorkloadTally(
        workload="write", messages=SIZE, read_back=ReadBack(acknowledged=SIZE, found=SIZE)
    )
    old = ("c", Finished(outcome=Outcome.COMPLETED, workloads=[proved]))
    view = history(*LOADED[:-1], old)
    assert (view.readers, view.slices) == (("a", "b"), 2)
    view = history(*LOADED[:-1], old, seen("a", 0, "a"), seen("b", 1, "b"))
    assert view.settled
    assert read_back(view) == whole()
    alone = history(*READY, STARTED, *[(worker, old[1]) for worker in NAMES])
    assert alone.settled, "a log of an older njst ends as it did"


def test_settled__without_read_back__when_the_load_is_over() -> None:
    nothing = Finished(outcome=Outcome.COMPLETED, receipts=[])
    assert history(*READY, STARTED, *[(worker, nothing) for worker in NAMES]).settled
