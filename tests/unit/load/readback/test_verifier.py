"""What audits of slices prove together is what a book kept by hand does, however it was cut."""

import random

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.publish import PublishPlan, ReadBackPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan, Receipt
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import ErrorClass, ReadBack, WorkloadTally
from njst.load.protocol import stamp
from njst.load.readback.verifier import SliceVerifier
from njst.load.recording.number_set import NumberSet
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.stats.tally_merge import merge, merge_read_backs
from njst.verification.checker import prove, with_proof
from njst.verification.range_codec import encode
from njst.verification.ranges import MOST_RANGES
from njst.verification.receipt_budget import split_receipts
from tests.unit.load.builders import errors

JOB = "j"
CODE = 5
SENT = 40
HERE = ReadBackPlan(stream="S")


def message(sequence: int, code: int = CODE, body: bytes = b"body") -> bytes:
    fixed = stamp.fixed(stamp.job_code(JOB), code, body)
    return fixed + stamp.variable(fixed, sequence, 7) + body


def receipt(acknowledged: set[int], code: int = CODE) -> Receipt:
    numbers = NumberSet()
    numbers.add(sorted(acknowledged))
    return Receipt(
        workload="w",
        code=code,
        sent=SENT,
        count=len(acknowledged),
        acknowledged=numbers.ranges(),
        read_back=HERE,
    )


def look(audit: SliceVerifier, messages: list[bytes]) -> None:
    data, places = b"", []
    for one in messages:
        data += b"MSG\r\n"
        places.append(len(data))
        data += one
    audit.take(data, places, [len(one) for one in messages])


def proved(receipts: list[Receipt], slices: list[SliceVerifier]) -> WorkloadTally:
    """Return what the slices prove together."""
    asked, unread = split_receipts(receipts, 2**20)
    seen = {
        number: ("reader", SliceResult(found=encode(audit.entries()), corrupted=audit.corrupted()))
        for number, audit in enumerate(slices)
    }
    proofs = prove({"reader": asked}, len(slices), seen, "NotRead")
    (tally,) = with_proof(merge(unread), proofs.get("reader", []))
    return tally


def read_back(tally: WorkloadTally) -> ReadBack:
    assert tally.read_back is not None
    return tally.read_back


Numbers = st.sets(st.integers(0, SENT - 1))


@given(Numbers, st.lists(st.integers(0, SENT + 5), max_size=60), st.integers(1, 4), st.data())
def test_five_sets(
    acknowledged: set[int], stored: list[int], slices: int, data: st.DataObject
) -> None:
    other = CODE + 1
    audits = [SliceVerifier(JOB, {CODE: "w", other: "w"}) for _ in range(slices)]
    messages = [message(number) for number in stored] + [message(1, code=99), b"of others"]
    random.Random(data.draw(st.integers())).shuffle(messages)
    for audit in audits:
        mine = messages[: data.draw(st.integers(0, len(messages)))]
        if audit is audits[-1]:
            mine = messages
        messages = messages[len(mine) :]
        while mine:
            size = data.draw(st.integers(1, len(mine)))
            look(audit, mine[:size])
            mine = mine[size:]
    found = set(stored)
    tally = proved([receipt(acknowledged), receipt(set(), code=other)], audits)
    assert tally.read_back == ReadBack(
        acknowledged=len(acknowledged),
        found=len(acknowledged & found),
        lost=len(acknowledged - found),
        recovered=len({n for n in found if n < SENT} - acknowledged),
        duplicated=len(stored) - len(found),
        unexpected=len({n for n in found if n >= SENT}),
    )
    wanted = {
        ErrorClass.LOST: len(acknowledged - found),
        ErrorClass.DUPLICATED: len(stored) - len(found),
        ErrorClass.PROTOCOL: len({n for n in found if n >= SENT}),
    }
    assert errors(tally) == {error_class: count for error_class, count in wanted.items() if count}


def test_the_first_that_is_lost_is_named() -> None:
    audit = SliceVerifier(JOB, {CODE: "w"})
    look(audit, [message(1)])
    (error,) = proved([receipt({1, 2, 3})], [audit]).errors
    assert error.example == (
        "messages 2 to 3 of producer 00000005 were acknowledged, and are not in S"
    )


def test_changed_body_is_corrupted_and_changed_stamp_is_not_found() -> None:
    changed, broken = bytearray(message(1)), bytearray(message(2))
    changed[33] ^= 1
    broken[17] ^= 1
    audit = SliceVerifier(JOB, {CODE: "w"})
    look(audit, [bytes(changed), bytes(broken)])
    tally = proved([receipt({1, 2})], [audit])
    assert read_back(tally) == ReadBack(acknowledged=2, found=1, lost=1, corrupted=2)
    assert errors(tally) == {ErrorClass.CORRUPTED: 2, ErrorClass.LOST: 1}


def test_each_workload_is_told_what_is_corrupted_of_it() -> None:
    audit = SliceVerifier(JOB, {CODE: "w", CODE + 1: "other"})
    for code in (CODE, CODE + 1, CODE + 1):
        changed = bytearray(message(1, code))
        changed[33] ^= 1
        look(audit, [bytes(changed)])
    assert {some.workload: some.count for some in audit.corrupted()} == {"w": 1, "other": 2}


def test_more_holes_than_can_be_kept_are_no_proof() -> None:
    numbers = range(0, 2 * MOST_RANGES + 10, 2)
    audit = SliceVerifier(JOB, {CODE: "w"})
    look(audit, [message(number) for number in numbers])
    tally = proved([receipt({1})], [audit])
    assert read_back(tally) == ReadBack(acknowledged=1, unchecked=1, reasons=["TooManyHoles"])


def test_a_number_that_nobody_sends_is_one_that_was_never_sent() -> None:
    audit = SliceVerifier(JOB, {CODE: "w"})
    look(audit, [message(2**64 - 1)])
    assert read_back(proved([receipt(set())], [audit])) == ReadBack(unexpected=1)


def client(messages: int | None = None) -> ClientPlan:
    publish = PublishPlan(
        mode="Asynchronous",
        window=5,
        payload=PayloadPlan(bytes_min=64, bytes_max=64),
        subjects=["a"],
        ack_timeout_ms=1000,
        read_back=HERE,
    )
    return ClientPlan(workload="w", number=2, index=3, messages=messages, publish=publish)


def test_a_receipt_of_single_messages() -> None:
    receipts = ProducerReceipts(client(), lambda: 0)
    receipts.send(10)
    receipts.acknowledge([0, 1, 2, 7])
    made = receipts.receipt()
    assert (made.code, made.sent, made.count) == (0x02000003, 10, 4)
    assert made.acknowledged == [(0, 3), (7, 8)]


def test_a_receipt_of_batches_whose_last_one_is_short() -> None:
    receipts = ProducerReceipts(client(messages=25), lambda: 0, weight=10)
    receipts.send(3)
    receipts.acknowledge([0, 2])
    made = receipts.receipt()
    assert (made.sent, made.count, made.acknowledged) == (25, 15, [(0, 10), (20, 25)])


def test_a_receipt_with_too_many_holes_says_so_and_how_many_it_was() -> None:
    receipts = ProducerReceipts(client(), lambda: 0)
    numbers = list(range(0, 4 * MOST_RANGES, 2))
    receipts.send(4 * MOST_RANGES)
    receipts.acknowledge(numbers)
    made = receipts.receipt()
    assert made.read_back.obstacle == "TooManyHoles"
    assert made.count == len(numbers)


def test_parts_are_added_and_all_reasons_kept() -> None:
    parts = [
        ReadBack(acknowledged=2, found=2),
        ReadBack(acknowledged=1, unchecked=1, reasons=["B"]),
    ]
    more = ReadBack(acknowledged=1, unchecked=1, reasons=["A"])
    assert merge_read_backs([*parts, None, more]) == ReadBack(
        acknowledged=4, found=2, unchecked=2, reasons=["A", "B"]
    )
    assert merge_read_backs([None]) is None
