"""Many subjects: each message has the one that the order says, and a frame that is whole."""

import re
from collections import Counter

import pytest

from njst.contract.fields import Order
from njst.contract.kinds.publish import Expect, PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.atomic_batch import AtomicBatchCodec
from njst.load.kinds.publish.expected_sequence import ExpectedSequenceCodec
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.kinds.publish.publish_rows import PREBUILT_BYTES, are_many, many_subjects
from njst.load.kinds.publish.single import DelayedCodec, PublishCodec
from njst.load.load_client import StartTime
from njst.load.recording.recorder import Recorder

INBOX = "_INBOX.test"
STEMS = ["s.a", "s.b", "s.c"]
# So many of each stem that they do not lie ready.
EACH = PREBUILT_BYTES // 2048
SIZE = 40
_HEAD = re.compile(rb"(H?)PUB (\S+) (?:_INBOX\S+ )?(?:(\d+) )?(\d+)\r\n")


def plan(order: Order = Order.SEQUENTIAL, **how: object) -> ClientPlan:
    settings = {
        "mode": PublishMode.ASYNCHRONOUS,
        "window": 500,
        "batch": 500,
        "payload": PayloadPlan(bytes_min=SIZE, bytes_max=SIZE),
        "subjects": STEMS,
        "subject_count": EACH,
        "subject_order": order,
        "ack_timeout_ms": 1000,
        **how,
    }
    publish = PublishPlan.model_validate(settings)
    return ClientPlan(workload="w", index=0, messages=1234, publish=publish)


def subjects_in(data: bytes) -> list[str]:
    """The subject of each frame; each must end where its head says."""
    found, at = [], 0
    while at < len(data):
        head = _HEAD.match(data, at)
        assert head is not None, data[at : at + 60]
        at = head.end() + int(head[4]) + 2
        assert int(head[4]) - int(head[3] or 0) in (0, SIZE)
        assert data[at - 2 : at] == b"\r\n"
        found.append(head[2].decode())
    return found


def name(number: int) -> str:
    return f"{STEMS[number // EACH % 3]}.{number % EACH}"


@pytest.mark.parametrize("ids", [False, True])
def test_in_turns_each_message_has_the_next_subject(ids: bool) -> None:
    requests = PublishCodec(plan(message_ids=ids), INBOX, "job")
    for first in (0, EACH - 3, 3 * EACH - 3):
        data = requests.encode(first, 7, 1)
        assert subjects_in(data) == [name(first + n) for n in range(7)]
        assert data == b"".join(requests.encode(first + n, 1, 1) for n in range(7))
        assert requests.address(first) == name(first)


@pytest.mark.parametrize("each", [1, EACH])
@pytest.mark.parametrize("delay_ms", [0, 2000])
def test_what_lies_ready_leaves_as_it_would_be_made_then(delay_ms: int, each: int) -> None:
    client = plan(delay_ms=delay_ms, subject_count=each)
    kind = DelayedCodec if delay_ms else PublishCodec
    requests = kind(client, INBOX, "job")
    stamper = requests.prebuilt(5, 3)
    for place in range(3):
        assert stamper(place, 10**18 + place) == requests.encode(5 + place, 1, 10**18 + place)


@pytest.mark.parametrize("header", [("X-Any", "a * b"), ("X-Any", "*")])
def test_schedule_made_late_equals_a_prebuilt_one(header: tuple[str, str]) -> None:
    """The target is in a header too; each frame says how long that is."""
    how = {"delay_ms": 2000, "fixed_headers": [header]}
    many = DelayedCodec(plan(**how), INBOX, "job")
    data = many.encode(EACH - 2, 20, 10**18)
    assert subjects_in(data) == [
        f"{name(number)}.schedule.job-0-0-{number:010x}" for number in range(EACH - 2, EACH + 18)
    ]
    for number in (0, 7, EACH - 1, EACH, 3 * EACH - 1):
        alone = DelayedCodec(plan(subjects=[name(number)], subject_count=1, **how), INBOX, "job")
        assert many.encode(number, 1, 10**18) == alone.encode(number, 1, 10**18)
        assert many.address(number) == alone.address(number)


def test_the_hottest_subject_has_its_part() -> None:
    many = many_subjects(plan(Order.ZIPF))
    count = 200_000
    drawn = Counter(many.number(message) for message in range(count))
    whole = sum(1 / rank for rank in range(1, 3 * EACH + 1))
    for rank in (1, 2, 10):
        assert drawn[rank - 1] == pytest.approx(count / rank / whole, rel=0.1)
    assert max(drawn) > EACH, "the cold ones are there too"


def test_at_random_all_subjects_are_alike() -> None:
    many = many_subjects(plan(Order.RANDOM))
    drawn = Counter(many.number(message) for message in range(150_000))
    assert len(drawn) > EACH
    assert max(drawn.values()) < 20


def test_batches_go_through_all_subjects() -> None:
    requests = AtomicBatchCodec(plan(mode=PublishMode.ATOMIC_BATCH), INBOX, "job")
    assert subjects_in(requests.encode(0, 3, 1)) == [name(n) for n in range(1234)]
    client = plan(mode=PublishMode.FAST_BATCH)
    workload = FastBatchClient(client, INBOX, Recorder("w", 1234), "job")
    workload.recorder.start(0)
    workload.start(StartTime(0))
    assert subjects_in(workload.next_bytes(1)) == [name(0)]


@pytest.mark.parametrize("count", [1000, 2001, 10_000])
def test_batches_reach_every_subject_with_few_prebuilt_rows(count: int) -> None:
    how = {"subjects": ["s"], "subject_count": count}
    client = plan(mode=PublishMode.ATOMIC_BATCH, **how).model_copy(update={"messages": count})
    requests = AtomicBatchCodec(client, INBOX, "job")
    data = requests.encode(0, -(-count // 500), 1)
    assert Counter(subjects_in(data)) == {f"s.{number}": 1 for number in range(count)}


def test_what_is_expected_of_a_subject_is_what_was_stored_under_it() -> None:
    client = plan(mode=PublishMode.SYNCHRONOUS, expect=Expect.LAST_SUBJECT_SEQUENCE)
    requests = ExpectedSequenceCodec(client, INBOX, "job")
    for number, sequence in ((0, 7), (1, 9)):
        body = b'{"stream":"S","seq":%d}' % sequence
        requests.scan(b"MSG %s.%010x 1 %d\r\n%s\r\n" % (INBOX.encode(), number, len(body), body))
    # The next turn through all subjects.
    for number, sequence in ((0, 7), (1, 9), (2, 0)):
        data = requests.encode(3 * EACH + number, 1, 1)
        assert subjects_in(data) == [name(number)]
        expected = re.search(rb"Nats-Expected-Last-Subject-Sequence: 0*(\d*)\r\n", data)
        assert int((expected or [b"", b""])[1] or 0) == sequence


def test_prebuilt_subjects_are_bounded_for_all_clients() -> None:
    assert not are_many(plan(subjects=["s"], subject_count=10_000))
    crowd = plan(subjects=["s"], subject_count=10_000).model_copy(update={"siblings": 100})
    assert are_many(crowd)
    assert are_many(plan(delay_ms=2000)), "schedules as well"


@pytest.mark.parametrize("duplicates", [0, 5])
@pytest.mark.parametrize("siblings", [1, 40])
@pytest.mark.parametrize("size", [SIZE, 16_384, 1_000_000])
def test_what_lies_ready_is_bounded_in_bytes(size: int, siblings: int, duplicates: int) -> None:
    how = {"subjects": ["s"], "payload": PayloadPlan(bytes_min=size, bytes_max=size)}
    if duplicates:
        how.update(message_ids=True, duplicate_percent=duplicates)
    made = [
        plan(subject_count=2**n, **how).model_copy(update={"siblings": siblings}) for n in range(21)
    ]
    ready = [of_one for of_one in made if not are_many(of_one)]
    # With one in twenty a duplicate, each subject has twenty rows.
    rows = ready[-1].publish.subject_count * (20 if duplicates else 1)
    assert len(ready) == 1 or rows * siblings * size <= PREBUILT_BYTES
    # Not for nothing: twice as many would take more than half of it.
    assert 4 * rows * siblings * (size + 1024) > PREBUILT_BYTES


@pytest.mark.parametrize("each", [5, EACH], ids=["ready", "written"])
@pytest.mark.parametrize("mode", list(PublishMode))
def test_in_turns_a_client_begins_where_its_plan_says(mode: PublishMode, each: int) -> None:
    client = plan(mode=mode, subject_count=each, first_subject=2 * each)
    if mode is PublishMode.FAST_BATCH:
        workload = FastBatchClient(client, INBOX, Recorder("w", 1234), "job")
        workload.recorder.start(0)
        workload.start(StartTime(0))
        data = workload.next_bytes(1)
    elif mode is PublishMode.ATOMIC_BATCH:
        data = AtomicBatchCodec(client, INBOX, "job").encode(0, 2, 1)
    else:
        data = PublishCodec(client, INBOX, "job").encode(0, 2 * each, 1)
    sent = subjects_in(data)
    begin = 2 * each
    assert sent == [
        f"{STEMS[(begin + n) // each % 3]}.{(begin + n) % each}" for n in range(len(sent))
    ]
