"""Whatever a server says, a workload counts it or refuses it: no frame ends a load process."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.parsing.document import parse_spec
from njst.load.kinds.registry import open_client
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import Info, Ping, ProtocolError, parse
from njst.load.recording.shared_records import SharedRecords
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState

INBOX = "_INBOX.me"
MS = 1_000_000

STREAM: dict[str, dict[str, Any]] = {
    "sync": {"publish": {"mode": "Synchronous"}},
    "async": {"publish": {"mode": "Asynchronous", "window": 4}},
    "atomic": {"publish": {"mode": "AtomicBatch", "batch": 2}},
    "fast": {"publish": {"mode": "FastBatch", "batch": 2}},
    "pull": {"consume": {"mode": "Pull", "batch": 4}},
    "double": {"consume": {"mode": "Fetch", "batch": 4, "ack": "Double"}},
    "push": {"consume": {"mode": "Push"}},
    "ordered": {"consume": {"mode": "Ordered"}},
    "get": {"get": {"mode": "Sequence"}},
    "get batch": {"get": {"mode": "Batch", "batch": 3}},
}
BUCKET: dict[str, dict[str, Any]] = {
    "put": {"keyValue": {"operation": "Put"}},
    "update": {"keyValue": {"operation": "Update"}},
    "key get": {"keyValue": {"operation": "Get"}},
    "watch": {"keyValue": {"operation": "Watch"}},
}
CORE: dict[str, dict[str, Any]] = {
    name.lower(): {"core": {"operation": name, "subject": "c"}}
    for name in ("Publish", "Subscribe", "Request", "Reply")
}


def workload(kind: str) -> LoadClient:
    """One client of a kind, as a job's share makes it."""
    streams: list[dict[str, Any]] = []
    entry: dict[str, Any] = {"name": "w", "messages": 20}
    if kind in CORE:
        entry |= CORE[kind]
    else:
        name = "S" if kind in STREAM else "KV_B"
        streams = [{"name": name}]
        entry |= {"stream": name, **(STREAM.get(kind) or BUCKET[kind])}
    spec = parse_spec({"streams": streams, "workloads": [entry]})
    target = TargetState({name: StreamState(20) for name in ("S", "KV_B")})
    (plan,) = client_plans("job", spec, ["w"], "w", target)
    return open_client(plan, INBOX, SharedRecords("job", lambda: 0))


TOKENS = st.sampled_from(["0000000000", "0000000001", "00000000ff", "1", "a", "1.1", "zz", ""])
SUBJECTS = st.one_of(
    TOKENS.map(lambda token: f"{INBOX}.{token}" if token else INBOX), st.just("c"), st.just("x.y")
)
REPLIES = st.sampled_from(
    [
        "",
        "$JS.ACK.S.C.1.1.1.1700000000000000000.5",
        "$JS.ACK.S.C.2.1.2.1700000000000000000.5",
        "$JS.ACK.S.C.1.99999999999999999999999.7.1.5",
        "$JS.ACK.hub.ABC.S.C.1.2.2.1700000000000000000.5",
        "$JS.ACK._.ABC.S.C.1.3.3.1700000000000000000.5.rnd",
        "$JS.ACK.S.C.x.y.z.1.1",
        "$JS.ACK.S.C." + "9" * 5_000 + ".1.1.1.1",
        "$JS.FC.S.C.1",
    ]
)
HEADERS = st.sampled_from(
    [
        b"",
        b"NATS/1.0\r\n\r\n",
        b"NATS/1.0\r\nNats-Sequence: 1\r\n\r\n",
        b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 5\r\n\r\n",
        b"NATS/1.0 100 FlowControl Request\r\n\r\n",
        b"NATS/1.0 204 EOB\r\nNats-Num-Pending: x\r\n\r\n",
        b"NATS/1.0 404 No Messages\r\nNats-Pending-Messages: 2\r\n\r\n",
        b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: " + b"9" * 5_000 + b"\r\n\r\n",
        b"NATS/1.0 409 Consumer Deleted\r\n\r\n",
        b"NATS/1.0 412\r\n\r\n",
        b"NATS/1.0 503\r\n\r\n",
        b"NATS/1.0 777 Whatever\xff\r\n\r\n",
        b"\x00\xff",
    ]
)
PAYLOADS = st.one_of(
    st.sampled_from(
        [
            b"",
            b'{"stream":"S","seq":1}',
            b'{"stream":"S","domain":"hub","seq":2}',
            b'{"stream":"S","seq":Infinity}',
            b'{"stream":"S","seq":-1}',
            b'{"stream":"S","seq":' + b"9" * 5_000 + b"}",
            b'{"stream":"S","seq":1,"batch":"b","count":1e999}',
            b'{"type":"ack","seq":1,"msgs":2}',
            b'{"type":"ack","seq":1e999,"msgs":Infinity}',
            b'{"type":"ack"}',
            b'{"type":"gap","last_seq":1,"seq":5}',
            b'{"error":{"code":503,"err_code":10077,"description":"full"}}',
            b'{"error":{"code":[],"err_code":{},"description":null}}',
            b'{"error":[]}',
            b'{"error":{"err_code":Infinity}}',
            b"[" * 50_000,
            b"x" * 200,
        ]
    ),
    st.integers(10_000, 11_000).map(
        lambda code: b'{"error":{"code":400,"err_code":%d,"description":"d"}}' % code
    ),
    st.binary(max_size=64),
)


def frame(subject: str, sid: int, reply: str, header: bytes, payload: bytes) -> bytes:
    words = " ".join(filter(None, [subject, str(sid), reply]))
    if header:
        sizes = f"{len(header)} {len(header) + len(payload)}"
        return f"HMSG {words} {sizes}\r\n".encode() + header + payload + b"\r\n"
    return f"MSG {words} {len(payload)}\r\n".encode() + payload + b"\r\n"


FRAMES = st.one_of(
    st.builds(frame, SUBJECTS, st.integers(1, 4), REPLIES, HEADERS, PAYLOADS),
    st.builds(frame, SUBJECTS, st.integers(1, 4), REPLIES, HEADERS, PAYLOADS),
    st.sampled_from(
        [
            b"PONG\r\n",
            b"PING\r\n",
            b"+OK\r\n",
            b"-ERR 'Permissions Violation for Publish to \"x\"'\r\n",
            b"-ERR ''\r\n",
            b'INFO {"ldm":true}\r\n',
            b"HMSG a 1 $JS.ACK.S.C.1.1.1.1.1 9 5\r\nhello\r\n",
            b"HMSG _INBOX.me.0000000000 1 9 5\r\nhello\r\n",
            b"MSG c 1 " + b"9" * 5_000 + b"\r\n",
            b"MSG c 1 r 99999999\r\n",
        ]
    ),
    st.binary(max_size=20),
)


def feed(workload: LoadClient, data: bytes, now_ns: int) -> None:
    """What a client does with what it hears."""
    try:
        rest = data[workload.scan(data, now_ns) :]
        frames, _ = parse(rest)
        for one in frames:
            if not isinstance(one, Ping | Info):
                workload.on_frame(one, now_ns)
    except ProtocolError as error:
        workload.on_disconnect(str(error), now_ns)
        workload.opening()


@pytest.mark.parametrize("kind", [*STREAM, *BUCKET, *CORE])
@settings(max_examples=15)
@given(chunks=st.lists(st.lists(FRAMES, max_size=6), max_size=6))
def test_no_frame_ends_a_workload(kind: str, chunks: list[list[bytes]]) -> None:
    under_test = workload(kind)
    under_test.opening()
    under_test.recorder.start(0)
    under_test.start(StartTime(0))
    now_ns = 0
    for chunk in chunks:
        under_test.next_bytes(now_ns)
        now_ns += 100 * MS
        feed(under_test, b"".join(chunk), now_ns)
        under_test.on_time(now_ns)
    under_test.stop()
    under_test.next_bytes(now_ns)
    under_test.on_time(now_ns + 600_000 * MS)
    tally = under_test.recorder.tally(series=True)
    assert 0 <= tally.messages <= max(tally.attempted, 20)
    assert tally.bytes >= 0
    assert all(error.count > 0 for error in tally.errors)
