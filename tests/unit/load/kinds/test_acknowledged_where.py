"""Which stream acknowledged, at which sequence, and whether it stored: kept for the read-back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.publish import Expect, ReadBackPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.protocol.request_numbers import as_list
from njst.load.recording.ack_marks import AckMarks
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.request_client import RequestClient
from njst.load.scan.puback_runs import PubAckScanner
from njst.verification.mark_codec import MOST_OF_ONE
from tests.unit.load.builders import INBOX, errors, feed, puback, publish_plan, started


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["S", "S", "Q", "SS"])), max_size=12))
def test_an_acknowledgement_of_another_stream_is_never_taken_for_one(
    runs: list[tuple[int, str]],
) -> None:
    acks, at, data = PubAckScanner(INBOX, stream="S"), 0, b""
    wanted: list[int] = []
    for count, stream in runs:
        data += b"".join(puback(n, 1000 + n, stream) for n in range(at, at + count))
        wanted += range(at, at + count) if stream == "S" else ()
        at += count
    found: list[int] = []
    while data:
        numbers, taken = acks.scan(data)
        found += as_list(numbers)
        if not taken:
            # The exact parser takes one frame that is not plain.
            assert acks.alone(data) is None
            taken = data.index(b"}\r\n") + 3
            assert b'"stream":"S"' not in data[:taken] or as_list(numbers) == []
            if b'"stream":"S"' in data[:taken]:
                found += [int(data[len(b"MSG _INBOX.test.") :][:10], 16)]
        data = data[taken:]
    assert sorted(found) == wanted


def publisher(receipts: bool = True, **how: object) -> RequestClient:
    settings = {"stream": "S", "window": 400, "read_back": ReadBackPlan(stream="S"), **how}
    plan = publish_plan(400, **settings)
    kept = ProducerReceipts(plan, lambda: 0) if receipts else None
    return started(single_publish_client(plan, INBOX, Recorder("w", 400), "job", kept))


def receipts_of(workload: RequestClient) -> ProducerReceipts:
    assert workload._outcomes._receipts is not None
    return workload._outcomes._receipts


@pytest.mark.parametrize("expect", [Expect.NONE, Expect.LAST_SEQUENCE])
def test_message_stored_by_another_stream_fails_and_is_not_in_the_receipt(
    expect: Expect,
) -> None:
    workload = publisher(expect=expect)
    now = 1
    for number in range(40):
        workload.next_bytes(now)
        feed(workload, puback(number, number + 1, "QA" if number % 4 == 3 else "S"), now + 1)
        now += 2
    assert errors(workload.recorder.tally()) == {ErrorClass.WRONG_STREAM: 10}
    assert workload.recorder.messages == 30
    (error,) = workload.recorder.tally().errors
    assert error.example == "stored in QA, not in S"
    receipt = receipts_of(workload).receipt()
    assert receipt.count == 30
    assert all(end - begin == 3 for begin, end in receipt.acknowledged)


def test_without_a_stream_in_the_plan_whichever_acknowledges_is_right() -> None:
    workload = publisher(stream="")
    workload.next_bytes(1)
    feed(workload, puback(0, 1, "A") + puback(1, 1, "B"), 2)
    assert workload.recorder.messages == 2


@pytest.mark.parametrize("at_once", [1, 100])
def test_duplicates_are_acknowledged_and_not_to_be_found(at_once: int) -> None:
    workload = publisher(fixed_headers=[("Nats-Msg-Id", "x")])
    workload.next_bytes(1)
    for first in range(0, 400, at_once):
        data = b"".join(
            puback(n, 1, duplicate=n > 0) for n in range(first, min(400, first + at_once))
        )
        feed(workload, data, 2)
    assert (workload.recorder.messages, workload.recorder.duplicates) == (400, 399)
    receipt = receipts_of(workload).receipt()
    assert (receipt.count, receipt.acknowledged, receipt.sent) == (1, [(0, 1)], 400)
    assert receipt.marks == [], "its sequence is that of another message"


def test_some_acknowledgements_are_kept_with_their_sequences() -> None:
    workload = publisher()
    workload.next_bytes(1)
    for first in range(0, 400, 50):
        feed(workload, b"".join(puback(n, 5000 + n) for n in range(first, first + 50)), 2)
    marks = receipts_of(workload).receipt().marks
    assert marks
    assert all(sequence == 5000 + number for number, sequence, _ in marks)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=300))
def test_marks_are_few_and_spread_over_the_whole(steps: list[int]) -> None:
    marks, number = AckMarks(lambda: 0), 0
    for step in steps:
        number += step
        if number >= marks.next:
            marks.note(number, 2 * number)
    kept = [mark.number for mark in marks.marks()]
    assert 1 <= len(kept) < MOST_OF_ONE
    assert kept == sorted(kept)
    assert kept[0] == steps[0], "the first is always among them"
    assert all(mark.sequence == 2 * mark.number for mark in marks.marks())
