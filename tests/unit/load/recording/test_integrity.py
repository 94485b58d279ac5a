"""The inspector finds each fault, and none where there is none."""

import random

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol import stamp
from njst.load.recording.integrity import MEMORY, ConsumedMessages, IntegrityInspector
from njst.load.recording.recorder import Recorder

JOB = 99
SECOND = 1_000_000_000


def message(producer: int, sequence: int, body: bytes = b"body", job: int = JOB) -> bytes:
    fixed = stamp.fixed(job, producer, body)
    return fixed + stamp.variable(fixed, sequence, SECOND + sequence) + body


def inspector(consumed: ConsumedMessages | None = None) -> IntegrityInspector:
    return IntegrityInspector(JOB, Recorder("r", None), consumed or ConsumedMessages())


class Closer(IntegrityInspector):
    """Looks at one message as at many."""

    def _alone(self, data: bytes, at: int, size: int) -> int | None:
        return None


def look(at: IntegrityInspector, messages: list[bytes]) -> list[int]:
    data, places = b"", []
    for one in messages:
        data += b"MSG\r\n"
        places.append(len(data))
        data += one
    return at.inspect(data, places, [len(one) for one in messages], 3 * SECOND).tolist()


def errors(at: IntegrityInspector) -> dict[ErrorClass, int]:
    return {error.error_class: error.count for error in at.recorder.tally().errors}


@given(st.data())
def test_any_interleaving_and_chunking_of_whole_producers_is_no_fault(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4))
    order = [producer for producer, count in enumerate(counts) for _ in range(count)]
    random.Random(data.draw(st.integers())).shuffle(order)
    sequences = dict.fromkeys(range(len(counts)), 0)
    messages = []
    for producer in order:
        messages.append(message(producer, sequences[producer], bytes([producer]) * producer))
        # What a publisher did not get stored leaves a gap, which is no fault of the delivery.
        sequences[producer] += data.draw(st.integers(1, 3))
    one = inspector()
    found = []
    while messages:
        size = data.draw(st.integers(1, len(messages)))
        found += look(one, messages[:size])
        messages = messages[size:]
    assert errors(one) == {}
    assert len(found) == sum(counts)
    assert all(0 < latency <= 2 * SECOND for latency in found)


def test_the_time_is_from_publish_to_receipt() -> None:
    assert look(inspector(), [message(1, 5)]) == [2 * SECOND - 5]


def test_a_second_copy_is_a_duplicate_in_the_same_chunk_and_later() -> None:
    one = inspector()
    look(one, [message(1, 1), message(1, 2), message(1, 2)])
    look(one, [message(1, 1)])
    assert errors(one) == {ErrorClass.DUPLICATED: 2}


def test_a_queue_group_promises_no_order_and_each_message_once() -> None:
    one = IntegrityInspector(JOB, Recorder("r", None), ConsumedMessages(), is_ordered=False)
    look(one, [message(1, 2), message(1, 1)])
    assert errors(one) == {}
    look(one, [message(1, 1)])
    assert errors(one) == {ErrorClass.DUPLICATED: 1}


def test_copy_at_another_client_of_the_consumer_is_a_duplicate() -> None:
    consumed = ConsumedMessages()
    first, second = inspector(consumed), inspector(consumed)
    look(first, [message(1, 1), message(1, 3)])
    look(second, [message(1, 2), message(1, 3)])
    assert errors(first) == {}
    assert errors(second) == {ErrorClass.DUPLICATED: 1}


def test_an_earlier_message_behind_a_later_one_is_reordered() -> None:
    one = inspector()
    look(one, [message(1, 1), message(1, 3), message(1, 2), message(2, 0)])
    assert errors(one) == {ErrorClass.REORDERED: 1}
    look(one, [message(1, 0)])
    assert errors(one) == {ErrorClass.REORDERED: 2}


def test_each_further_copy_counts_once_whatever_it_comes_with() -> None:
    one = inspector()
    look(one, [message(1, 1)])
    look(one, [message(1, 1), message(1, 1)])
    assert errors(one) == {ErrorClass.DUPLICATED: 2}


def test_a_copy_does_not_hide_a_message_that_came_late() -> None:
    consumed = ConsumedMessages()
    first, second = inspector(consumed), inspector(consumed)
    look(first, [message(1, 9)])
    look(second, [message(1, 5), message(1, 3), message(1, 9)])
    assert errors(second) == {ErrorClass.REORDERED: 1, ErrorClass.DUPLICATED: 1}


def test_an_old_message_makes_no_newer_one_forgotten() -> None:
    one = inspector()
    look(one, [message(1, MEMORY + 1)])
    look(one, [message(1, 1)])
    look(one, [message(1, MEMORY + 1)])
    assert errors(one) == {ErrorClass.REORDERED: 1, ErrorClass.DUPLICATED: 1}


@given(st.integers(0, 41), st.integers(1, 255))
def test_every_changed_byte_of_an_own_message_is_corruption(place: int, change: int) -> None:
    whole = bytearray(message(1, 1, b"0123456789"))
    whole[place] ^= change
    one = inspector()
    look(one, [bytes(whole), message(1, 2)])
    assert errors(one) == {ErrorClass.CORRUPTED: 1}


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_messages_of_others_are_left_alone(others: list[bytes]) -> None:
    one = inspector()
    foreign = [message(1, 1, job=JOB + 1), *others, b"", b"short"]
    assert look(one, foreign) == []
    assert errors(one) == {}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.sampled_from([0, 1, 2, 3, MEMORY, 2**62 - 1, 2**62, 2**62 + 1])
        ),
        max_size=12,
    ),
    st.integers(0, 3),
)
def test_the_quick_look_at_one_finds_what_the_look_at_many_does(
    which: list[tuple[int, int]], odd: int
) -> None:
    messages = [message(*one) for one in which]
    messages[1:1] = [b"short", b"x" * 40, message(1, 1, job=JOB + 1), message(1, 2)[:-1]][:odd]
    quick, closer = inspector(), Closer(JOB, Recorder("r", None), ConsumedMessages())
    for one in messages:
        assert look(quick, [one]) == look(closer, [one])
        assert quick.recorder.tally() == closer.recorder.tally()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.data())
def test_counts_are_those_of_a_ledger_kept_by_hand_in_every_split(
    sequences: list[int], data: st.DataObject
) -> None:
    copies = behind = 0
    seen: set[int] = set()
    for sequence in sequences:
        copies += sequence in seen
        behind += sequence not in seen and sequence < max(seen, default=-1)
        seen.add(sequence)
    one = inspector()
    rest = [message(1, sequence) for sequence in sequences]
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        look(one, rest[:size])
        rest = rest[size:]
    wanted = {ErrorClass.DUPLICATED: copies, ErrorClass.REORDERED: behind}
    assert errors(one) == {error_class: count for error_class, count in wanted.items() if count}
