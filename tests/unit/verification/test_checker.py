"""What is proved by slices of which some were not seen, and by what cannot be read."""

from njst.contract.kinds.publish import ReadBackPlan
from njst.contract.plan import Receipt
from njst.contract.results.readback import Corrupted, Recovered, SliceResult, StreamReceipts
from njst.contract.results.tallies import ErrorClass, ReadBack, WorkloadTally
from njst.stats.tally_merge import merge
from njst.verification.checker import prove, with_proof
from njst.verification.range_codec import ProducerRanges, encode
from njst.verification.ranges import Range
from njst.verification.receipt_budget import of_lost_worker, split_receipts

NOT_READ = "NotRead"


def asked(code: int, count: int, stream: str = "S") -> StreamReceipts:
    producers = encode([ProducerRanges(code, count, [(0, count)])])
    return StreamReceipts(workload="w", stream=stream, count=count, producers=producers)


def saw(*found: tuple[int, int, list[Range] | None]) -> SliceResult:
    return SliceResult(found=encode(ProducerRanges(*one) for one in found))


def proved(worker: str, proofs: dict[str, list[WorkloadTally]]) -> ReadBack:
    (tally,) = proofs[worker]
    assert tally.read_back is not None
    return tally.read_back


def test_each_worker_is_told_of_its_own_messages_whoever_read_them() -> None:
    receipts = {"a": [asked(1, 10)], "b": [asked(2, 10)]}
    seen = {
        0: ("b", saw((1, 0, [(0, 10)]), (2, 0, [(0, 3)]))),
        1: ("a", saw((2, 0, [(4, 10)]), (99, 5, [(0, 1)]))),
    }
    proofs = prove(receipts, 2, seen, NOT_READ)
    assert proved("a", proofs) == ReadBack(acknowledged=10, found=10)
    assert proved("b", proofs) == ReadBack(acknowledged=10, found=9, lost=1)
    assert [e.error_class for e in proofs["b"][0].errors] == [ErrorClass.LOST]


def test_a_message_on_both_sides_of_a_border_is_there_twice() -> None:
    seen = {0: ("a", saw((1, 2, [(0, 6)]))), 1: ("a", saw((1, 0, [(5, 10)])))}
    proofs = prove({"a": [asked(1, 10)]}, 2, seen, NOT_READ)
    assert proved("a", proofs) == ReadBack(acknowledged=10, found=10, duplicated=3)


def test_nothing_is_lost_as_long_as_a_slice_of_its_stream_was_not_seen() -> None:
    receipts = {"a": [asked(1, 10, "S"), asked(2, 10, "T")]}
    half = {0: ("a", saw((1, 0, [(0, 10)]))), 1: ("a", SliceResult(problem="ReadFailed"))}
    proofs = prove(receipts, 2, half, NOT_READ)
    assert proved("a", proofs) == ReadBack(
        acknowledged=20, found=10, unchecked=10, reasons=["ReadFailed"]
    )
    whole = {**half, 0: ("a", saw((1, 0, [(0, 9)])))}
    assert proved("a", prove(receipts, 2, whole, NOT_READ)).lost == 1, "S was seen"


def test_where_nobody_read_it_says_why() -> None:
    for slices in (0, 3):
        proofs = prove({"a": [asked(1, 10)]}, slices, {}, "Stopped")
        assert proved("a", proofs) == ReadBack(acknowledged=10, unchecked=10, reasons=["Stopped"])


def test_a_producer_that_could_not_be_told_is_not_proved() -> None:
    seen = {0: ("a", saw((1, 0, None))), 1: ("a", saw((1, 0, [(5, 10)])))}
    proofs = prove({"a": [asked(1, 10)]}, 2, seen, NOT_READ)
    assert proved("a", proofs) == ReadBack(
        acknowledged=10, found=5, unchecked=5, reasons=["TooManyHoles"]
    )


def test_what_is_no_text_of_ranges_proves_nothing() -> None:
    proofs = prove({"a": [asked(1, 10)]}, 1, {0: ("b", SliceResult(found="?"))}, NOT_READ)
    assert proved("a", proofs).reasons == ["ReadFailed"]
    broken = asked(1, 10).model_copy(update={"producers": "?"})
    assert prove({"a": [broken]}, 1, {0: ("b", saw())}, NOT_READ) == {"a": []}


def test_what_is_corrupted_is_told_by_who_saw_it() -> None:
    sight = SliceResult(corrupted=[Corrupted(workload="w", count=2, example="changed")])
    proofs = prove({"a": [asked(1, 0)]}, 1, {0: ("b", sight)}, NOT_READ)
    assert proved("b", proofs) == ReadBack(corrupted=2)
    assert with_proof([], proofs["b"]) == proofs["b"]


def test_a_proof_takes_the_place_of_what_was_not_read_and_leaves_the_rest() -> None:
    tally = WorkloadTally(
        workload="w",
        messages=15,
        read_back=ReadBack(acknowledged=15, unchecked=15, reasons=["NotRead", "ProcessDied"]),
    )
    other = WorkloadTally(workload="x")
    proofs = prove({"a": [asked(1, 10)]}, 1, {0: ("b", saw((1, 0, [(0, 10)])))}, NOT_READ)
    together, left = with_proof([tally, other], proofs["a"])
    assert left == other
    assert together.messages == 15
    assert together.read_back == ReadBack(
        acknowledged=15, found=10, unchecked=5, reasons=["ProcessDied"]
    )


def receipt(code: int, *ranges: Range, obstacle: str = "") -> Receipt:
    return Receipt(
        workload="w",
        code=code,
        sent=10**6,
        count=sum(end - begin for begin, end in ranges),
        acknowledged=list(ranges),
        read_back=ReadBackPlan(stream="S", after_sequence=3, obstacle=obstacle),
    )


def test_what_is_told_of_receipts_and_what_is_true_until_somebody_reads() -> None:
    holes = [(at, at + 1) for at in sorted({n * n * 7 % 99_991 * 2 for n in range(5000)})]
    some = [receipt(1, (0, 10)), receipt(2, (0, 7), obstacle="MaxAge"), receipt(3, *holes)]
    asked, unread = split_receipts(some, 200)
    (group,) = asked
    assert (group.stream, group.after, group.count) == ("S", 3, 10)
    assert len(group.producers) <= 200
    (tally,) = merge(unread)
    count = 17 + len(holes)
    assert tally.read_back == ReadBack(
        acknowledged=count, unchecked=count, reasons=["MaxAge", "NotRead", "TooManyHoles"]
    )
    (together,) = with_proof([tally], prove({"a": asked}, 0, {}, "Stopped")["a"])
    assert together.read_back == ReadBack(
        acknowledged=count, unchecked=count, reasons=["MaxAge", "Stopped", "TooManyHoles"]
    )


def test_nobody_is_asked_to_read_where_nothing_was_sent() -> None:
    nothing = receipt(1).model_copy(update={"sent": 0})
    assert split_receipts([nothing], 1000) == ([], [])


def test_lost_worker__messages_in_stream__are_counted_and_unchecked() -> None:
    sights = {
        n: ("a", SliceResult(recovered=[Recovered(worker="b", workload="w", count=40)]))
        for n in (0, 1)
    }
    proofs = prove({"a": [asked(1, 10)]}, 2, sights, NOT_READ)
    last = WorkloadTally(workload="w", messages=70)
    (tally,) = map(of_lost_worker, with_proof([last], proofs["b"]))
    assert tally.read_back == ReadBack(
        acknowledged=70,
        unchecked=70,
        recovered=80,
        reasons=["WorkerLost"],
        words="80 messages of lost worker b are in its streams",
    )
    silent = WorkloadTally(workload="w")
    assert of_lost_worker(silent) is silent


def test_where_nothing_was_acknowledged_it_says_what_is_there_or_why_not() -> None:
    nothing = StreamReceipts(workload="w", stream="S", producers=encode([ProducerRanges(1, 9, [])]))
    proofs = prove({"a": [nothing]}, 1, {0: ("a", saw((1, 0, [(0, 7)])))}, NOT_READ)
    assert proved("a", proofs) == ReadBack(recovered=7)
    failed = SliceResult(problem="ReadFailed", words="no leader (10008)")
    proofs = prove({"a": [nothing]}, 1, {0: ("a", failed)}, NOT_READ)
    assert proved("a", proofs) == ReadBack(reasons=["ReadFailed"], words="no leader (10008)")
    stampless = receipt(1, obstacle="NoStamp")
    (tally,) = split_receipts([stampless], 1000)[1]
    assert tally.read_back == ReadBack(reasons=["NoStamp"])
