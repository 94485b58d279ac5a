"""What core clients count: each message once, whatever the server says and when it says it."""

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.clients import core_client, core_client_of
from njst.load.kinds.core.core_frames import core_cycle
from njst.load.kinds.core.core_publish import PING_PAUSE_NS
from njst.load.kinds.final_flush import PATIENCE_NS
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import Pong, ServerError, parse
from njst.load.recording.integrity import ConsumedMessages
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from tests.unit.load.builders import errors, started


def client(
    operation: CoreOperation, messages: int | None = None, subject: str = "s.*", **more: Any
) -> ClientPlan:
    core = CorePlan(
        operation=operation, subject=subject, payload_bytes=8, window=1, timeout_ms=1000, **more
    )
    return ClientPlan(workload="w", index=0, messages=messages, duration_ms=1000, core=core)


def message(subject: str, payload: bytes, reply: str = "", sid: int = 1) -> bytes:
    words = (
        f"MSG {subject} {sid} {reply} {len(payload)}"
        if reply
        else f"MSG {subject} {sid} {len(payload)}"
    )
    return words.encode() + b"\r\n" + payload + b"\r\n"


# Runs of one shape and odd ones among them; a payload may look like a frame.
runs = st.tuples(
    st.sampled_from(["s.a", "s.1", "s.22"]),
    st.sampled_from([b"", b"x" * 40, b"MSG s.a 1 3\r\nabc\r\nMSG", b"\r\n" * 9]),
    st.sampled_from(["", "_INBOX.x"]),
    st.integers(1, 60),
)


@given(st.lists(runs, max_size=6), st.lists(st.integers(1, 3000), max_size=5), st.booleans())
def test_every_message_is_taken_once_in_any_pieces(
    made: list[tuple[str, bytes, str, int]], cuts: list[int], has_many: bool
) -> None:
    plan = client(CoreOperation.SUBSCRIBE, subject_count=1000 if has_many else 1)
    workload = core_client_of(plan, "", Recorder("w", None), "j", ConsumedMessages())
    workload.recorder.start(0)
    workload.start(StartTime(0))
    data = b"".join(
        message(
            subject[:-1] + str(n % 10) if subject[-1].isdigit() else subject,
            payload,
            reply,
            1_000_000 + n if has_many else 1,
        )
        for subject, payload, reply, count in made
        for n in range(count)
    )
    rest, at = b"", 0
    for cut in [*cuts, len(data)]:
        rest, at = rest + data[at : at + cut], at + cut
        rest = rest[workload.scan(rest, 1) :]
        frames, used = parse(rest)
        for frame in frames:
            workload.on_frame(frame, 1)
        rest = rest[used:]
    assert rest == b""
    tally = workload.recorder.tally()
    assert tally.messages == sum(count for *_, count in made)
    assert tally.bytes == sum(len(payload) * count for _, payload, _, count in made)
    assert tally.errors == []


@pytest.mark.parametrize("count", [1, 20])
def test_scan_takes_messages_with_headers_without_counting_those(count: int) -> None:
    recorder = Recorder("w", None)
    workload = core_client_of(
        client(CoreOperation.SUBSCRIBE), "", recorder, "j", ConsumedMessages()
    )
    data = count * b"HMSG s.1 1 12 15\r\nNATS/1.0\r\n\r\nabc\r\n"
    assert started(workload).scan(data, 1) == len(data)
    assert (recorder.messages, recorder.bytes) == (count, 3 * count)


def test_subscriber__of_many_subjects__subscribes_to_its_own() -> None:
    plan = client(
        CoreOperation.SUBSCRIBE, subject="s", subject_count=7, first_subject=1, subject_step=3
    )
    workload = core_client_of(plan, "", Recorder("w", None), "j", ConsumedMessages())
    assert workload.opening() == b"SUB s.1 1000001\r\nSUB s.4 1000004\r\n"


def test_subscriber__in_a_queue_group__takes_its_share_and_no_more() -> None:
    plan = client(CoreOperation.SUBSCRIBE, 3, queue_group="g")
    workload = started(core_client_of(plan, "", Recorder("w", 3), "j", ConsumedMessages()))
    assert workload.opening() == b"SUB s.* g 1\r\nUNSUB 1 3\r\n"
    assert workload.scan(2 * message("s.1", b"x"), 1)
    assert workload.opening() == b"SUB s.* g 1\r\nUNSUB 1 1\r\n"


def test_queue_group__with_a_message_at_two_members__reports_a_duplicate() -> None:
    core = client(CoreOperation.PUBLISH).core
    assert core is not None
    core = core.model_copy(update={"payload_bytes": 64})
    frame = core_cycle(client(CoreOperation.PUBLISH), core, "", "j").encode(0, 1, 1)
    payload = frame[frame.index(b"\r\n") + 2 :][:64]
    shared, recorder = SharedRecords("j", lambda: 0), Recorder("w", None)
    group = client(CoreOperation.SUBSCRIBE, queue_group="g")
    for index in (0, 1):
        member = core_client(group.model_copy(update={"index": index}), "", recorder, shared)
        member.start(StartTime(0))
        assert member.scan(message("s.1", payload), 1)
    assert recorder.messages == 2
    assert errors(recorder.tally()) == {ErrorClass.DUPLICATED: 1}


@pytest.mark.parametrize("count", [1, 3, 1000, 100_000])
def test_publisher__of_many_subjects__uses_each_equally_often(count: int) -> None:
    plan = client(CoreOperation.PUBLISH, 2 * count, subject="s", subject_count=count)
    assert plan.core is not None
    frames = core_cycle(plan, plan.core, "", "j")
    sent = frames.encode(0, 2 * count, 0)
    subjects = Counter(re.findall(rb"PUB (\S+) 8\r\n", sent))
    assert subjects == Counter({b"s" if count == 1 else b"s.%d" % n: 2 for n in range(count)})
    assert frames.subject(count - 1).encode() == (b"s" if count == 1 else b"s.%d" % (count - 1))


def test_requester_with_window_one_uses_the_closed_loop() -> None:
    plan = client(CoreOperation.REQUEST, 4)
    workload = core_client_of(plan, "_INBOX.t", Recorder("w", 4), "j", ConsumedMessages())
    assert workload.next_request is not None
    workload.start(StartTime(1))
    reply = b"MSG _INBOX.t.%010x 1 2\r\nhi\r\n"
    assert workload.next_bytes(1)
    assert workload.scan(reply % 0, 2)
    assert workload.next_bytes(2)
    assert workload.next_request(reply % 1, 2)
    # A reply to another request, two of them, and a part of one are for the general way.
    for data in (reply % 1, 2 * (reply % 2), (reply % 2)[:-1]):
        assert not workload.next_request(data, 3)
    assert workload.next_request(reply % 2, 3)


DENIED = ServerError('Permissions Violation for Publish to "s.*"')
_SENT = re.compile(rb"PUB \S+ 8\r\n.{8}\r\n|PING\r\n", re.DOTALL)


def publisher(messages: int | None, warm_ns: int = 0) -> LoadClient:
    workload = core_client_of(
        client(CoreOperation.PUBLISH, messages),
        "",
        Recorder("w", messages),
        "j",
        ConsumedMessages(),
    )
    workload.start(StartTime(0))
    workload.recorder.start(warm_ns)
    return workload


@given(st.integers(0, 9_000), st.data())
def test_each_message_published_has_one_outcome(messages: int, data: st.DataObject) -> None:
    workload = publisher(messages)
    # What the server has not read yet, in order.
    queue: list[bytes] = []
    read = denied = 0
    now = 0
    while not workload.done:
        now += data.draw(st.integers(1, 2 * PING_PAUSE_NS), "pause")
        before = workload.recorder.tally()
        assert before.messages <= read
        queue += _SENT.findall(workload.next_bytes(now))
        if data.draw(st.integers(0, 9), "break") == 0:
            queue.clear()
            workload.on_disconnect("broken", now)
        is_permitted = data.draw(st.booleans(), "permitted")
        for _ in range(min(len(queue), data.draw(st.integers(1, 5_000), "read"))):
            if queue.pop(0) == b"PING\r\n":
                workload.on_frame(Pong(), now)
            elif is_permitted:
                read += 1
            else:
                denied += 1
                workload.on_frame(DENIED, now)
        assert workload.recorder.tally().messages >= before.messages, "nothing is taken back"
    tally = workload.recorder.tally()
    breaks = errors(tally).get(ErrorClass.DISCONNECTED, 0)
    assert tally.messages + denied + breaks == tally.attempted == messages
    assert sum(errors(tally).values()) == denied + breaks
    assert tally.bytes == 8 * tally.messages


def test_what_is_denied_in_the_warm_up_is_in_none_of_its_counts() -> None:
    workload = publisher(None, warm_ns=2 * PING_PAUSE_NS)
    for now in (PING_PAUSE_NS, 3 * PING_PAUSE_NS):
        sent = _SENT.findall(workload.next_bytes(now))
        for _ in sent[: len(sent) // 2]:
            workload.on_frame(DENIED, now)
        workload.on_frame(Pong(), now)
        workload.recorder.roll()
    tally = workload.recorder.tally(series=True)
    assert tally.series is not None
    warm, rest = tally.series.windows
    assert warm.messages + warm.errors + rest.messages + rest.errors == tally.attempted
    assert (warm.messages, rest.messages) == (
        tally.warmup_messages,
        tally.messages - tally.warmup_messages,
    )
    assert warm.messages > 0 < rest.messages


def test_a_server_that_hangs_leaves_what_it_has_not_read_without_success() -> None:
    workload = publisher(10)
    assert workload.next_bytes(1).endswith(b"PING\r\n")
    workload.on_frame(DENIED, 2)
    workload.on_time(3)
    for now, is_done in ((PATIENCE_NS, False), (1 + PATIENCE_NS, True)):
        workload.on_time(now)
        assert workload.done == is_done
    tally = workload.recorder.tally()
    assert (tally.attempted, tally.messages) == (10, 0)
    assert errors(tally) == {ErrorClass.PERMISSION_DENIED: 1, ErrorClass.TIMEOUT: 9}
