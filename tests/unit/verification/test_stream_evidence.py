"""What was let go is never told as lost, and what was lost is told as far as anybody can know."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.readback import (
    RangeResult,
    SliceResult,
    StreamConsumption,
    StreamReceipts,
)
from njst.contract.results.tallies import ErrorClass, ReadBack, WorkloadTally
from njst.contract.stream_bounds import StreamBefore, StreamLimits
from njst.verification import mark_codec
from njst.verification.checker import prove
from njst.verification.mark_codec import MOST_OF_ALL, Mark
from njst.verification.range_codec import ProducerRanges, encode
from njst.verification.ranges import Ranges

MADE_NS = 1_700_000_000_000_000_000
BEFORE = StreamBefore(server="A", created_ns=MADE_NS)


@dataclass
class Stream:
    """A stream and its producers, as simple as they can be; each message is (producer, number)."""

    messages: dict[int, tuple[int, int]] = field(default_factory=dict)
    first: int = 1
    last: int = 0
    acknowledged: dict[int, list[Mark]] = field(default_factory=dict)
    # Messages that were forgotten, with their sequences.
    lost: set[tuple[int, int]] = field(default_factory=set)

    def store(self, producer: int) -> None:
        marks = self.acknowledged.setdefault(producer, [])
        self.last += 1
        self.messages[self.last] = (producer, len(marks))
        marks.append(Mark(len(marks), self.last, 1000 + self.last))

    def purge(self, upto: int) -> None:
        self.first = max(self.first, min(upto, self.last) + 1)
        self.messages = {s: m for s, m in self.messages.items() if s >= self.first}

    def delete(self, sequence: int) -> None:
        self.messages.pop(sequence, None)

    def forget(self, count: int) -> None:
        """Lose the last ones; their sequences will be given again."""
        self.last = max(self.first - 1, self.last - count)
        self.messages = {s: m for s, m in self.messages.items() if s <= self.last}
        for producer, marks in self.acknowledged.items():
            self.lost |= {(producer, mark.number) for mark in marks if mark.sequence > self.last}

    def missing(self) -> set[tuple[int, int]]:
        sent = {(p, mark.number) for p, marks in self.acknowledged.items() for mark in marks}
        return sent - set(self.messages.values())

    def sight(self, **changes: object) -> SliceResult:
        empty = Ranges((n, n + 1) for n in range(1, self.last + 1) if n not in self.messages)
        first = min(self.messages, default=self.last + 1)
        front = first - 1
        piece = RangeResult(
            stream="S",
            server="A",
            created_ns=MADE_NS,
            first_sequence=first,
            last_sequence=self.last,
            messages=len(self.messages),
            deleted=len(empty) - front,
            front=front,
            inside=len(empty) - front,
            empty=encode([ProducerRanges(0, 0, empty.ranges())]) if len(empty) else "",
        ).model_copy(update=changes)
        found: dict[int, Ranges] = {}
        for producer, number in self.messages.values():
            found.setdefault(producer, Ranges()).add_range(number, number + 1)
        return SliceResult(
            found=encode(ProducerRanges(code, 0, some.ranges()) for code, some in found.items()),
            pieces=[piece],
        )

    def receipts(self, step: int = 1, before: StreamBefore = BEFORE) -> list[StreamReceipts]:
        told = [(code, marks[::step] if step else []) for code, marks in self.acknowledged.items()]
        return [
            StreamReceipts(
                workload="w",
                stream="S",
                count=sum(map(len, self.acknowledged.values())),
                producers=encode(
                    ProducerRanges(code, len(marks), [(0, len(marks))])
                    for code, marks in self.acknowledged.items()
                ),
                marks=mark_codec.encode(told),
                before=before,
            )
        ]

    def proved(self, step: int = 1, **changes: object) -> ReadBack:
        proofs = prove({"w": self.receipts(step)}, 1, {0: ("w", self.sight(**changes))}, "NotRead")
        return read_back(proofs["w"])


def read_back(tallies: list[WorkloadTally]) -> ReadBack:
    (tally,) = tallies
    assert tally.read_back is not None
    return tally.read_back


stores = st.integers(1, 3).map(lambda producer: ("store", producer))
removals = st.one_of(
    st.integers(1, 40).map(lambda upto: ("purge", upto)),
    st.integers(1, 40).map(lambda sequence: ("delete", sequence)),
)
losses = st.integers(1, 9).map(lambda count: ("forget", count))
Steps = list[tuple[str, int]]


def stream_of(steps: Iterable[tuple[str, int]]) -> Stream:
    stream = Stream()
    stream.store(1)
    for what, number in steps:
        getattr(stream, what)(number)
    return stream


@given(st.lists(st.one_of(stores, stores, removals), max_size=60), st.integers(0, 7))
def test_what_was_removed_is_never_lost(steps: Steps, step: int) -> None:
    stream = stream_of(steps)
    proved = stream.proved(step)
    assert (proved.lost, proved.removed) == (0, len(stream.missing()))
    assert proved.acknowledged == proved.found + proved.removed
    assert bool(proved.removed_by) == bool(proved.words) == bool(proved.removed)


@given(st.lists(st.one_of(stores, stores, losses), max_size=60), st.integers(0, 7))
def test_what_was_forgotten_is_never_removed(steps: Steps, step: int) -> None:
    stream = stream_of(steps)
    proved = stream.proved(step)
    assert (proved.lost, proved.removed) == (len(stream.lost), 0)
    assert stream.lost == stream.missing()


@given(st.lists(st.one_of(stores, stores, removals, losses), max_size=60), st.integers(0, 7))
def test_of_both_no_more_is_lost_than_was_and_marks_miss_nothing(steps: Steps, step: int) -> None:
    stream = stream_of(steps)
    proved = stream.proved(step)
    assert proved.lost <= len(stream.lost)
    assert proved.lost + proved.removed == len(stream.missing())
    if step == 1:
        # With a mark for each message it is known of each whether its sequence is empty now.
        where = {
            (p, m.number): m.sequence for p, marks in stream.acknowledged.items() for m in marks
        }
        taken = {s for m, s in where.items() if m in stream.missing()} & stream.messages.keys()
        assert proved.lost >= len(taken)


def test_a_hole_of_others_does_not_hide_a_loss_between_two_marks() -> None:
    stream = Stream()
    for _ in range(100):
        stream.store(1)
    stream.forget(10)
    for _ in range(50):
        stream.store(2)
    for sequence in range(120, 140):
        stream.delete(sequence)
    proved = stream.proved(10)
    assert (proved.lost, proved.removed) == (10, 20)
    assert stream.proved(0).lost == 10, "no more can have been removed than sequences are empty"


def some(count: int = 10) -> Stream:
    stream = Stream()
    for _ in range(count):
        stream.store(1)
    return stream


@pytest.mark.parametrize(
    ("limits", "changes", "reasons"),
    [
        ({}, {}, ["MessagesDeleted", "Purged"]),
        ({"max_age": 5}, {}, ["MaxAge", "MessagesDeleted"]),
        ({"max_msgs_per_subject": 1}, {}, ["MaxMessagesPerSubject"]),
        ({"max_msgs": 6}, {}, ["DiscardOld", "MessagesDeleted"]),
        ({"max_msgs": 7}, {}, ["MessagesDeleted", "Purged"]),
        ({"max_bytes": 100}, {"bytes": 90}, ["DiscardOld", "MessagesDeleted"]),
        ({"max_msgs": 6, "discard": "new"}, {}, ["MessagesDeleted", "Purged"]),
        ({"retention": "interest"}, {}, ["NoInterest"]),
        ({"retention": "interest"}, {"consumers": 1}, ["Retention"]),
        ({"retention": "workqueue"}, {}, ["Retention"]),
    ],
    ids=str,
)
def test_why_it_was_removed(
    limits: dict[str, object], changes: dict[str, object], reasons: list[str]
) -> None:
    stream = some()
    stream.purge(3)
    stream.delete(6)
    same = StreamLimits.model_validate(limits)
    receipts = stream.receipts(before=BEFORE.model_copy(update={"limits": same}))
    sight = stream.sight(limits=same, **changes)
    proved = read_back(prove({"w": receipts}, 1, {0: ("w", sight)}, "")["w"])
    assert (proved.removed, proved.removed_by) == (4, reasons)
    assert proved.words.endswith("it has none at sequences 1 to 3, 6")
    assert "messages 0 to 5 (4 of these), acknowledged after 00:00:01.001Z and before" in (
        proved.words
    )


def test_limits_that_somebody_lowered() -> None:
    stream = some()
    stream.purge(8)
    proved = stream.proved(limits=StreamLimits(max_msgs=2))
    assert (proved.removed, proved.removed_by) == (8, ["LimitsChanged"])


@pytest.mark.parametrize("server", ["A", "B"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"is_gone": True}, "StreamDeleted"), ({"created_ns": MADE_NS + 10**9}, "StreamRecreated")],
    ids=["gone", "anew"],
)
def test_a_stream_is_deleted_by_somebody_or_forgotten_in_a_restart(
    server: str, changes: dict[str, object], reason: str
) -> None:
    stream = some()
    stream.messages = {}
    proved = stream.proved(server=server, **changes)
    if server == "A":
        assert (proved.lost, proved.removed, proved.removed_by) == (0, 10, [reason])
    else:
        assert (proved.lost, proved.removed) == (10, 0)


def test_what_the_stream_says_that_it_lost_is_lost() -> None:
    stream = some()
    stream.delete(5)
    assert stream.proved(0, damaged=1).lost == 1
    stream.delete(6)
    assert stream.proved(0, damaged=1).lost == 1


def test_a_hole_that_only_one_server_has_is_a_loss() -> None:
    stream = some()
    stream.delete(5)
    assert stream.proved(0, deleted=0).lost == 1


def test_a_loss_is_told_with_its_messages_and_its_time() -> None:
    stream = some(10)
    stream.forget(4)
    (tally,) = prove({"w": stream.receipts()}, 1, {0: ("w", stream.sight())}, "")["w"]
    (error,) = tally.errors
    assert (error.error_class, error.count) == (ErrorClass.LOST, 4)
    assert error.example == (
        "messages 6 to 9 of producer 00000001 were acknowledged as far as sequence 10 (it ends at"
        " 6) after 00:00:01.007Z and before 00:00:01.010Z, and are not in S"
    )


marks = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**12), st.integers(0, 2 * 10**12)),
    max_size=9,
).map(lambda some: [Mark(*one) for one in some])


@given(st.dictionaries(st.integers(0, 2**32 - 1), marks, max_size=9))
def test_marks_are_told_whole(told: dict[int, list[Mark]]) -> None:
    assert mark_codec.decode(mark_codec.encode(told.items())) == {
        c: m for c, m in told.items() if m
    }


def test_marks_of_very_many_are_thinned_and_nonsense_is_refused() -> None:
    each = [Mark(n, n, n) for n in range(32)]
    told = mark_codec.decode(mark_codec.encode((code, each) for code in range(1000)))
    assert sum(map(len, told.values())) == MOST_OF_ALL
    assert all((some[0], some[-1]) == (each[0], each[-1]) for some in told.values())
    few = mark_codec.decode(mark_codec.encode((code, each) for code in range(9999)))
    assert sum(map(len, few.values())) == MOST_OF_ALL
    small = mark_codec.encode(((code, each) for code in range(1000)), 100)
    assert sum(map(len, mark_codec.decode(small).values())) == 100
    assert len(small) <= 100 * 32
    assert mark_codec.encode([(1, each)], 1) == ""
    for text in ("?", "AAAA", mark_codec.encode([(1, each)])[:-8]):
        with pytest.raises(ValueError, match=r"."):
            mark_codec.decode(text)


@given(
    st.lists(st.one_of(stores, stores, removals, losses), max_size=40), st.sets(st.integers(1, 40))
)
def test_a_work_queue_accounts_for_each_message(steps: Steps, consumed: set[int]) -> None:
    stream = stream_of(steps)
    had: dict[int, Ranges] = {}
    for sequence in consumed & stream.messages.keys():
        producer, number = stream.messages.pop(sequence)
        had.setdefault(producer, Ranges()).add_range(number, number + 1)
    text = encode(ProducerRanges(code, 0, some.ranges()) for code, some in had.items())
    told = [StreamConsumption(stream="S", producers=text)]
    limits = StreamLimits(retention="workqueue")
    receipts = stream.receipts(before=BEFORE.model_copy(update={"limits": limits}))
    sight = stream.sight(limits=limits)
    proved = read_back(prove({"w": receipts}, 1, {0: ("w", sight)}, "", told)["w"])
    taken = sum(map(len, had.values()))
    assert proved.consumed == taken
    assert proved.found == len(stream.messages) + taken
    assert proved.lost + proved.removed == len(stream.missing()) - taken
    assert proved.lost <= len(stream.lost)
    if "purge" not in dict(steps) and "delete" not in dict(steps):
        assert (proved.lost, proved.removed) == (len(stream.lost), 0)
    if proved.removed:
        assert proved.removed_by == ["NotConsumed"]


def test_what_a_stream_lets_go_of_from_one_slice_to_the_next_is_no_loss() -> None:
    stream = some(10)
    stream.purge(3)
    early = stream.sight().pieces[0]
    stream.purge(8)
    late = stream.sight().pieces[0]
    pieces = [
        early.model_copy(update={"front": 3, "empty": encode([ProducerRanges(0, 0, [(1, 4)])])}),
        late.model_copy(update={"front": 2, "empty": encode([ProducerRanges(0, 0, [(7, 9)])])}),
    ]
    found = encode([ProducerRanges(1, 0, [(3, 6), (8, 10)])])
    for order in (pieces, pieces[::-1]):
        sight = SliceResult(found=found, pieces=order)
        proved = read_back(prove({"w": stream.receipts()}, 1, {0: ("w", sight)}, "")["w"])
        assert (proved.lost, proved.removed) == (0, 5)
