"""Simulated schedules of answers, refusals, silence and breaks: each operation has one outcome.

A server of this simulation answers what a client has sent rightly, wrongly, late, twice, or never;
connections break and come back; the load ends by itself, is stopped midway, or gives up.
"""

import os
import random
import re
from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.registry import open_client
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import Info, Ping, ProtocolError, parse
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState
from njst.stats.histogram import Histogram
from njst.stats.tally_merge import totals
from njst.verdict.invariants import violations

# Of each kind and length; `make chaos` runs 11,500 in all.
SCHEDULES = max(1, int(os.environ.get("NJST_SCHEDULES", "600")) // 40)
INBOX = "_INBOX.me"
MS = 1_000_000
SECOND = 1_000 * MS
START_NS = SECOND

KINDS: dict[str, dict[str, Any]] = {
    "sync": {"publish": {"mode": "Synchronous", "ackTimeoutSeconds": 1}},
    "async": {"publish": {"mode": "Asynchronous", "window": 4, "ackTimeoutSeconds": 1}},
    "atomic": {"publish": {"mode": "AtomicBatch", "batch": 3, "ackTimeoutSeconds": 1}},
    "fast": {"publish": {"mode": "FastBatch", "batch": 2, "ackTimeoutSeconds": 1}},
    "pull": {"consume": {"mode": "Pull", "batch": 4, "idleTimeoutSeconds": 2}},
    "double": {"consume": {"mode": "Fetch", "batch": 4, "ack": "Double", "idleTimeoutSeconds": 2}},
    "ordered": {"consume": {"mode": "Ordered", "idleTimeoutSeconds": 2}},
    "get": {"get": {"mode": "Sequence", "timeoutSeconds": 1}},
    "get batch": {"get": {"mode": "Batch", "batch": 3, "timeoutSeconds": 1}},
    "put": {"keyValue": {"operation": "Put", "timeoutSeconds": 1}},
    "create": {"keyValue": {"operation": "Create", "timeoutSeconds": 1}},
    "update": {"keyValue": {"operation": "Update", "timeoutSeconds": 1}},
    "object": {"objectStore": {"operation": "Put", "objectBytes": 100, "timeoutSeconds": 1}},
    "api": {"management": {"operation": "CycleStream", "assets": 2, "timeoutSeconds": 1}},
    "publish": {"core": {"operation": "Publish", "subject": "c", "timeoutSeconds": 1}},
    "subscribe": {"core": {"operation": "Subscribe", "subject": "c", "timeoutSeconds": 1}},
    "request": {"core": {"operation": "Request", "subject": "c", "timeoutSeconds": 1}},
    "reply": {"core": {"operation": "Reply", "subject": "c", "timeoutSeconds": 1}},
}
STREAMS = {"keyValue": "KV_B", "objectStore": "OBJ_B", "core": None, "management": None}
LENGTHS: dict[str, dict[str, Any]] = {
    "messages": {"messages": 20},
    "duration": {"durationSeconds": 2, "warmupSeconds": 1},
    "rate": {"durationSeconds": 2, "messagesPerSecond": 10},
}
# Kinds that an offered rate is not for.
UNPACED = {"atomic", "fast", "pull", "double", "ordered", "get batch", "subscribe", "reply"}
CASES = [
    (kind, length)
    for kind in KINDS
    for length in LENGTHS
    if not (length == "rate" and kind in UNPACED)
]
# Of these each request is one message with one answer, so that all waiting is known.
SINGLE = {"sync", "async", "get", "put", "request", "create", "update"}
RECEIVERS = {"pull", "double", "ordered", "subscribe", "reply"}
_REPLY = re.compile(rb"H?PUB \S+ (_INBOX\.me\S*) ")


def made(kind: str, length: str) -> tuple[LoadClient, Recorder]:
    """One client of a kind, as a job's share makes it, and what it records into."""
    (name,) = KINDS[kind]
    stream = STREAMS.get(name, "S")
    entry = {"name": "w", **KINDS[kind], **LENGTHS[length]}
    if stream is not None:
        entry["stream"] = stream
    streams = [] if stream is None else [{"name": stream}]
    spec = parse_spec({"streams": streams, "workloads": [entry]})
    (plan,) = client_plans("job", spec, ["w"], "w", TargetState({stream or "": StreamState(20)}))
    # As one of many in its process it has only few frames ready, and is made sooner.
    workload = open_client(
        plan.model_copy(update={"siblings": 1_000}), INBOX, SharedRecords("job", lambda: 0)
    )
    workload.opening()
    end_ns = None if plan.duration_ms is None else START_NS + plan.duration_ms * MS
    workload.recorder.start(START_NS + plan.warmup_ms * MS, end_ns)
    workload.start(StartTime(START_NS))
    return workload, workload.recorder


def frame(subject: bytes, payload: bytes, header: bytes = b"", reply: bytes = b"") -> bytes:
    words = b" ".join(word for word in (subject, b"1", reply) if word)
    if header:
        sizes = b"%d %d" % (len(header), len(header) + len(payload))
        return b"HMSG %s %s\r\n%s%s\r\n" % (words, sizes, header, payload)
    return b"MSG %s %d\r\n%s\r\n" % (words, len(payload), payload)


class Server:
    """What a server might say to what was sent."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._asked: list[bytes] = []
        self._sequence = 0

    def hear(self, out: bytes) -> None:
        self._asked += _REPLY.findall(out)

    def lose(self) -> None:
        """Forget all: the connection broke."""
        self._asked.clear()

    def say(self) -> bytes:
        """Answer some of what was asked, in order or not; some of it twice, some of it never."""
        out = b""
        for _ in range(self._random.randint(0, 4)):
            if not self._asked:
                break
            place = 0 if self._random.random() < 0.8 else self._random.randrange(len(self._asked))
            asked = self._asked.pop(place)
            if self._random.random() < 0.1:
                continue
            answer = self._answer(asked)
            out += answer * (2 if self._random.random() < 0.05 else 1)
        return out + self._unasked()

    def _answer(self, asked: bytes) -> bytes:
        self._sequence += 1
        n = self._sequence
        good = [
            (b'{"stream":"S","seq":%d}' % n, b""),
            (b'{"stream":"S","seq":%d,"duplicate":true}' % n, b""),
            (b'{"type":"ack","seq":%d,"msgs":2}' % n, b""),
            (b'{"type":"io.nats.jetstream.api.v1.stream_info_response"}', b""),
            (b"hello", b"NATS/1.0\r\nNats-Sequence: 1\r\n\r\n"),
            (b"", b"NATS/1.0 204 EOB\r\n\r\n"),
        ]
        bad = [
            (b'{"error":{"code":503,"err_code":10077,"description":"maximum messages"}}', b""),
            (b"", b"NATS/1.0 503\r\n\r\n"),
            (b"", b"NATS/1.0 404 Message Not Found\r\n\r\n"),
            (b"", b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 2\r\n\r\n"),
            (b"", b"NATS/1.0 409 Leadership Change\r\n\r\n"),
            (b"nonsense", b""),
        ]
        payload, header = self._random.choice(good if self._random.random() < 0.8 else bad)
        return frame(asked, payload, header)

    def _unasked(self) -> bytes:
        self._sequence += 1
        n = self._sequence
        delivery = b"$JS.ACK.S.C.%d.%d.%d.1700000000000000000.5"
        said = [
            frame(b"c", b"hello", reply=b"_INBOX.other.%d" % n),
            frame(b"_INBOX.me.1.1", b"hello", reply=delivery % (1, n, n)),
            frame(b"_INBOX.me.1.1", b"hello", reply=delivery % (2, n, n)),
            b"PONG\r\n",
            b"-ERR 'Permissions Violation for Publish to \"S.x\"'\r\n",
            b"-ERR 'Maximum Payload Violation'\r\n",
        ]
        weights = [3, 3, 1, 3, 1, 0.3]
        return b"".join(self._random.choices(said, weights, k=self._random.randint(0, 2)))


def feed(workload: LoadClient, data: bytes, now_ns: int) -> bool:
    """What a client does with what it hears; return whether it was NATS."""
    try:
        rest = data[workload.scan(data, now_ns) :]
        for one in parse(rest)[0]:
            if not isinstance(one, Ping | Info):
                workload.on_frame(one, now_ns)
    except ProtocolError:
        return False
    return True


def check(workload: LoadClient, recorder: Recorder, now_ns: int, where: str) -> None:
    """What must hold at any time."""
    tally = recorder.tally(now_ns, workload.unfinished)
    assert workload.unfinished >= 0, where
    planned = [] if tally.planned is None else [tally.planned]
    assert all(tally.attempted <= most for most in planned), where
    assert violations([totals("w", "", [tally])]) == [], where


def run(kind: str, length: str, seed: int) -> None:
    """One schedule, from the start to an end of one of three kinds."""
    chance = random.Random(seed)
    workload, recorder = made(kind, length)
    server, now, where = Server(chance), START_NS, f"{kind} {length} {seed}"
    for _ in range(chance.randint(1, 40)):
        server.hear(workload.next_bytes(now))
        now += chance.choice([MS, 10 * MS, 300 * MS])
        if not feed(workload, server.say(), now) or chance.random() < 0.05:
            workload.on_disconnect("reset by peer", now)
            server.lose()
            workload.opening()
        workload.on_time(now)
        check(workload, recorder, now, where)
    end = chance.choice(["drains", "is abandoned", "gives up"])
    if end == "gives up":
        workload.on_disconnect("reset by peer", now)
        workload.give_up(ErrorClass.CONNECT_FAILED, "nobody answers", now)
    else:
        workload.stop()
        recorder.stop(now)
    if end == "is abandoned":
        workload.abandon(now)
    elif end == "drains":
        workload.on_time(now + 10 * SECOND)
        workload.next_bytes(now + 10 * SECOND)
        workload.on_time(now + 20 * SECOND)
    recorder.close(now)
    check(workload, recorder, now + 20 * SECOND, where)
    result = totals("w", "", [recorder.tally(now + 20 * SECOND, workload.unfinished)])
    if end == "gives up":
        assert workload.unfinished == 0, where
        # One that receives may have all that it wanted by then.
        assert result.errors or kind in RECEIVERS, where
        if result.planned is not None:
            assert result.attempted == result.planned, where
    if kind in SINGLE and length == "messages" and end != "gives up":
        cut_off = (ErrorClass.TIMEOUT, ErrorClass.DISCONNECTED, ErrorClass.PERMISSION_DENIED)
        given_up = sum(e.operations for e in result.errors if e.error_class in cut_off)
        assert Histogram.decode(result.censored).count <= given_up + workload.unfinished, where


@pytest.mark.parametrize(("kind", "length"), CASES, ids=[" ".join(case) for case in CASES])
def test_each_operation_has_exactly_one_outcome_whatever_the_server_does(
    kind: str, length: str
) -> None:
    for seed in range(SCHEDULES):
        run(kind, length, seed)
