"""What core clients count: each message once, whatever the server says and when it says it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.clients import core_client_of
from njst.load.kinds.core.core_publish import PING_PAUSE_NS
from njst.load.kinds.final_flush import PATIENCE_NS
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import Pong, ServerError, parse
from njst.load.recording.integrity import ConsumedMessages
from njst.load.recording.recorder import Recorder
from tests.unit.load.builders import errors, started


def client(operation: CoreOperation, messages: int | None = None) -> ClientPlan:
    core = CorePlan(operation=operation, subject="s.*", payload_bytes=8, window=1, timeout_ms=1000)
    return ClientPlan(workload="w", index=0, messages=messages, duration_ms=1000, core=core)


def message(subject: str, payload: bytes, reply: str = "") -> bytes:
    words = (
        f"MSG {subject} 1 {reply} {len(payload)}" if reply else f"MSG {subject} 1 {len(payload)}"
    )
    return words.encode() + b"\r\n" + payload + b"\r\n"


# Runs of one shape and odd ones among them; a payload may look like a frame.
runs = st.tuples(
    st.sampled_from(["s.a", "s.1", "s.22"]),
    st.sampled_from([b"", b"x" * 40, b"MSG s.a 1 3\r\nabc\r\nMSG", b"\r\n" * 9]),
    st.sampled_from(["", "_INBOX.x"]),
    st.integers(1, 60),
)


@given(st.lists(runs, max_size=6), st.lists(st.integers(1, 3000), max_size=5))
def test_every_message_is_taken_once_in_any_pieces(
    made: list[tuple[str, bytes, str, int]], cuts: list[int]
) -> None:
    workload = core_client_of(
        client(CoreOperation.SUBSCRIBE), "", Recorder("w", None), "j", ConsumedMessages()
    )
    workload.recorder.start(0)
    workload.start(StartTime(0))
    data = b"".join(
        message(subject[:-1] + str(n % 10) if subject[-1].isdigit() else subject, payload, reply)
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
