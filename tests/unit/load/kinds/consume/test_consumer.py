"""The consumer: what it asks for, what it answers, and that it notices when nobody listens."""

import json
import re
from typing import Any

import pytest

from njst.contract.kinds.consume import ConsumePlan
from njst.contract.kinds.consume_settings import AckPolicy
from njst.contract.plan import ClientPlan
from njst.contract.priority import PriorityPlan, PriorityPolicy
from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.load.kinds.consume.ack_plan import AckOutcome, AckPlan
from njst.load.kinds.consume.consumer import ConsumeClient
from njst.load.load_client import StartTime
from njst.load.protocol.parser import parse
from njst.load.recording.integrity import ConsumedMessages
from njst.load.recording.recorder import Recorder
from tests.unit.load.builders import feed

INBOX = "_INBOX.test"
MS = 1_000_000
SECOND = 1000 * MS
_PULL = re.compile(rb"PUB \$JS\.API\.CONSUMER\.MSG\.NEXT\.S\.C (\S+) \d+\r\n(\{.*?\})\r\n")


def plan(**how: Any) -> ConsumePlan:
    settings = {"stream": "S", "consumer": "C", "batch": 10, "idle_timeout_ms": 60_000, **how}
    return ConsumePlan.model_validate({"ack": AckPolicy.EXPLICIT, "verify": False, **settings})


def consumer(messages: int | None = None, duration_ms: int | None = None, **how: Any) -> Any:
    client = ClientPlan(
        workload="w", index=0, messages=messages, duration_ms=duration_ms, consume=plan(**how)
    )
    workload = ConsumeClient(client, INBOX, Recorder("w", messages), "job", ConsumedMessages())
    workload.recorder.start(0)
    workload.start(StartTime(0))
    workload.opening()
    return workload


def pulls(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The (reply, request) of each pull."""
    return [(reply.decode(), json.loads(body)) for reply, body in _PULL.findall(data)]


def ack(number: int, count: int = 1) -> str:
    return f"$JS.ACK.S.C.{count}.{number}.{number}.1700000000000000000.0"


def message(number: int, count: int = 1, header: str = "") -> bytes:
    if not header:
        return f"MSG s.x 1 {ack(number, count)} 2\r\nhi\r\n".encode()
    block = f"NATS/1.0\r\n{header}\r\n\r\n"
    sizes = f"{len(block)} {len(block) + 2}"
    return f"HMSG s.x 1 {ack(number, count)} {sizes}\r\n{block}hi\r\n".encode()


def ack_of(number: int) -> bytes:
    return f"PUB {ack(number)} 4\r\n+ACK\r\n".encode()


def status(reply: str, line: str, pending: int | None = None) -> bytes:
    more = "" if pending is None else f"Nats-Pending-Messages: {pending}\r\n"
    block = f"NATS/1.0 {line}\r\n{more}\r\n"
    return f"HMSG {reply} 1 {len(block)} {len(block)}\r\n{block}\r\n".encode()


def tally(workload: Any) -> tuple[int, dict[ErrorClass, int]]:
    said: WorkloadTally = workload.recorder.tally()
    return said.messages, {error.error_class: error.count for error in said.errors}


def events(workload: Any) -> dict[ErrorClass, int]:
    """What befell its connection and its pulls; then there is no error."""
    said: WorkloadTally = workload.recorder.tally()
    assert said.errors == []
    return {event.error_class: event.count for event in said.events}


def test_next_pull_leaves_at_half_a_batch_and_never_exceeds_the_share() -> None:
    for count, first in ((1, 1), (2, 1), (4, 3)):
        workload = consumer(1000, pulls=count)
        assert len(pulls(workload.next_bytes(0))) == first
        feed(workload, b"".join(map(message, range(5))), 1)
        more = 0 if count == 1 else 1
        assert len(pulls(workload.next_bytes(1))) == more
        feed(workload, b"".join(map(message, range(5, 10))), 2)
        assert len(pulls(workload.next_bytes(2))) == 1 - more
    workload = consumer(13)
    feed(workload, b"".join(map(message, range(10))), 1)
    assert [request["batch"] for _, request in pulls(workload.next_bytes(1))] == [3]


def test_a_pull_says_what_the_plan_says() -> None:
    (_, request), *_ = pulls(consumer(100).next_bytes(0))
    assert request == {"batch": 10, "expires": 5 * SECOND}
    how = {"max_bytes": 700, "heartbeat_ms": 1000, "expires_ms": 2000, "pulls": 1}
    ((_, request),) = pulls(consumer(100, **how).next_bytes(0))
    assert request == {
        "batch": 10,
        "expires": 2 * SECOND,
        "max_bytes": 700,
        "idle_heartbeat": SECOND,
    }


@pytest.mark.parametrize(
    ("priority", "said"),
    [
        ({"policy": PriorityPolicy.OVERFLOW, "min_pending": 5}, {"min_pending": 5}),
        ({"policy": PriorityPolicy.OVERFLOW, "min_ack_pending": 6}, {"min_ack_pending": 6}),
        ({"policy": PriorityPolicy.PRIORITIZED, "level": 1}, {"priority": 1}),
        ({"policy": PriorityPolicy.PINNED_CLIENT}, {}),
    ],
    ids=str,
)
def test_a_priority_is_said_with_every_pull(priority: Any, said: dict[str, int]) -> None:
    workload = consumer(duration_ms=1000, priority=PriorityPlan(group="g", **priority))
    for _, request in pulls(workload.next_bytes(0)):
        assert request == {"batch": 10, "expires": 5 * SECOND, "group": "g", **said}


def test_a_pin_is_said_from_then_on_until_it_is_another_clients() -> None:
    pinned = PriorityPlan(policy=PriorityPolicy.PINNED_CLIENT, group="g")
    workload = consumer(duration_ms=1000, priority=pinned, pulls=1)
    ((reply, request),) = pulls(workload.next_bytes(0))
    assert "id" not in request
    feed(workload, b"".join(message(n, header="Nats-Pin-Id: P1") for n in range(1, 11)), 1)
    ((_, request),) = pulls(workload.next_bytes(1))
    assert request["id"] == "P1"
    # The server refuses the pull at once: it does not say how much it gives back.
    feed(workload, status(reply, "423 Nats-Pin-Id mismatch"), 2)
    ((_, request),) = pulls(workload.next_bytes(2))
    assert "id" not in request
    assert request["batch"] == 10
    assert tally(workload) == (10, {})


def test_what_a_pull_gives_back_is_asked_for_again() -> None:
    workload = consumer(1000, pulls=1)
    ((reply, _),) = pulls(workload.next_bytes(0))
    feed(workload, message(1) + status(reply, "408 Request Timeout", 9), 1)
    assert [request["batch"] for _, request in pulls(workload.next_bytes(1))] == [10]
    assert tally(workload) == (1, {})


def test_a_pull_whose_bytes_are_used_to_the_last_one_is_over() -> None:
    room = 3 * (len("s.x") + len(ack(1)) + 2)
    workload = consumer(1000, pulls=1, max_bytes=room)
    assert len(pulls(workload.next_bytes(0))) == 1
    feed(workload, message(1) + message(2), 1)
    assert pulls(workload.next_bytes(1)) == []
    feed(workload, message(3), 2)
    assert len(pulls(workload.next_bytes(2))) == 1
    assert tally(workload) == (3, {})


def test_pull_too_small_for_one_message_fails_but_a_full_one_does_not() -> None:
    workload = consumer(1000, pulls=1, max_bytes=100)
    ((reply, _),) = pulls(workload.next_bytes(0))
    full = "409 Message Size Exceeds MaxBytes"
    feed(workload, message(1) + status(reply, full, 9), 1)
    ((reply, _),) = pulls(workload.next_bytes(1))
    assert tally(workload) == (1, {})
    feed(workload, status(reply, full, 10), 2)
    assert tally(workload) == (1, {ErrorClass.PAYLOAD_TOO_LARGE: 999})
    assert pulls(workload.next_bytes(2)) == []


def test_missed_heartbeats_lose_the_pull_and_drop_its_late_messages() -> None:
    workload = consumer(1000, pulls=1, heartbeat_ms=1000)
    ((reply, _),) = pulls(workload.next_bytes(0))
    for second in (1, 2, 3):
        feed(workload, status(reply, "100 Idle Heartbeat"), second * SECOND)
        workload.on_time(second * SECOND)
    workload.on_time(5 * SECOND)
    assert tally(workload) == (0, {})
    workload.on_time(5 * SECOND + 1)
    assert events(workload) == {ErrorClass.PULL_LOST: 1}
    out = workload.next_bytes(5 * SECOND + 1)
    assert out.startswith(b"UNSUB 1\r\nSUB _INBOX.test.2.* 1\r\n")
    ((again, request),) = pulls(out)
    assert (again, request["batch"]) == ("_INBOX.test.2.2", 10)
    # A late end of the lost pull gives nothing back.
    feed(workload, status(reply, "408 Request Timeout", 10), 6 * SECOND)
    assert pulls(workload.next_bytes(6 * SECOND)) == []


def test_without_heartbeats_a_pull_is_lost_when_its_end_does_not_come() -> None:
    workload = consumer(1000, expires_ms=5000)
    workload.next_bytes(0)
    workload.on_time(6 * SECOND)
    assert tally(workload) == (0, {})
    workload.on_time(6 * SECOND + 1)
    assert events(workload) == {ErrorClass.PULL_LOST: 1}


def test_after_a_change_of_leaders_all_is_asked_for_anew() -> None:
    workload = consumer(1000)
    ((reply, _),) = pulls(workload.next_bytes(0))
    feed(workload, status(reply, "409 Leadership Change"), 1)
    out = workload.next_bytes(1)
    assert out.startswith(b"UNSUB 1\r\n")
    assert len(pulls(out)) == 1
    assert events(workload) == {ErrorClass.LEADER_CHANGED: 1}


def test_a_request_that_the_server_does_not_understand_ends_the_client() -> None:
    workload = consumer(1000)
    ((reply, _),) = pulls(workload.next_bytes(0))
    feed(workload, status(reply, "400 Bad Request"), 1)
    assert pulls(workload.next_bytes(1)) == []
    assert tally(workload) == (0, {ErrorClass.OTHER: 1000})


def test_of_a_hundred_messages_in_a_row_each_share_has_its_number() -> None:
    shares = {"nak_percent": 7, "terminate_percent": 11, "ignore_percent": 13, "slow_percent": 17}
    fates = AckPlan(plan(**shares))
    for first in (1, 5000):
        found = [fates.of(number) for number in range(first, first + 100)]
        wanted = [
            AckOutcome.NAK,
            AckOutcome.TERM,
            AckOutcome.NO_ACK,
            AckOutcome.DELAY_ACK,
            AckOutcome.ACK,
        ]
        assert [found.count(fate) for fate in wanted] == [7, 11, 13, 17, 52]
    assert AckPlan(plan()).are_all_accepted


def test_each_fate_has_its_answer() -> None:
    for share, said in (
        ({"nak_percent": 90, "nak_delay_ms": 2000}, b'-NAK {"delay":2000000000}'),
        ({"terminate_percent": 100}, b"+TERM"),
        ({"ignore_percent": 90}, b""),
    ):
        workload = consumer(1000, **share)
        workload.next_bytes(0)
        feed(workload, message(100), 1)  # the first place of the table
        out = workload.next_bytes(1)
        answer = b"PUB %s %d\r\n%s\r\n" % (ack(100).encode(), len(said), said)
        assert out.startswith(answer if said else b"PUB $JS.API") or not out, share
        assert (said in out) is bool(said) or not said


def test_a_slow_message_is_said_to_be_under_work_until_it_is_acknowledged() -> None:
    how = {"slow_percent": 100, "processing_ms": 2500, "ack_wait_ms": 2000}
    workload = consumer(1, **how)
    workload.next_bytes(0)
    feed(workload, message(1), SECOND)
    said: list[tuple[int, bytes]] = []
    for tenth in range(10, 40):
        out = workload.next_bytes(tenth * 100 * MS)
        if out:
            said.append((tenth, out))
    reply = ack(1).encode()
    assert said == [
        (20, b"PUB %s 4\r\n+WPI\r\n" % reply),
        (30, b"PUB %s 4\r\n+WPI\r\n" % reply),
        (35, b"PUB %s 4\r\n+ACK\r\nPING\r\n" % reply),
    ]
    assert not workload.done
    feed(workload, b"PONG\r\n", 4 * SECOND)
    assert workload.done
    assert tally(workload) == (1, {})


def test_a_push_consumer_is_listened_to_from_the_start_on() -> None:
    workload = consumer(10, deliver="d.x", deliver_group="g")
    assert b"d.x" not in workload.opening()
    assert workload.next_bytes(0) == b"SUB d.x g 2\r\n"
    assert workload.next_bytes(0) == b""
    workload.on_disconnect("gone", 1)
    workload.opening()
    assert workload.next_bytes(1) == b"SUB d.x g 2\r\n"


def test_a_push_consumer_that_is_not_heard_of_is_gone() -> None:
    beat = status("d.x", "100 Idle Heartbeat")
    workload = consumer(duration_ms=600_000, deliver="d.x", heartbeat_ms=5_000)
    workload.next_bytes(0)
    for second, data in ((4, message(1)), (10, beat), (20, beat)):
        workload.on_time(second * SECOND)
        feed(workload, data, second * SECOND)
    workload.on_disconnect("gone", 20 * SECOND)
    workload.on_time(100 * SECOND)
    workload.opening()
    workload.next_bytes(100 * SECOND)
    workload.on_time(114 * SECOND)
    assert tally(workload) == (1, {})
    workload.on_time(115 * SECOND)
    assert tally(workload)[1] == {ErrorClass.NO_CONSUMER: 1}
    assert workload.next_bytes(115 * SECOND).endswith(b"UNSUB 2\r\nPING\r\n")
    feed(workload, b"PONG\r\n", 116 * SECOND)
    assert workload.done


def test_a_shared_push_consumer_that_is_silent_is_asked_about() -> None:
    workload = consumer(duration_ms=600_000, deliver="d.x", deliver_group="g")
    ask = b"PUB $JS.API.CONSUMER.INFO.S.C _INBOX.test.a 0\r\n\r\n"
    workload.next_bytes(0)
    feed(workload, message(1), SECOND)
    assert workload.next_bytes(6 * SECOND - 1) == ack_of(1)
    assert workload.next_bytes(6 * SECOND) == ask
    assert workload.next_bytes(7 * SECOND) == b""
    there = b'{"type":"io.nats.jetstream.api.v1.consumer_info_response","name":"C"}'
    gone = b'{"type":"io.nats.jetstream.api.v1.consumer_info_response","error":{"code":404,'
    gone += b'"err_code":10014,"description":"consumer not found"}}'
    feed(workload, b"MSG _INBOX.test.a 3 %d\r\n%s\r\n" % (len(there), there), 7 * SECOND)
    assert tally(workload) == (1, {})
    assert workload.next_bytes(12 * SECOND) == ask
    feed(workload, b"MSG _INBOX.test.a 3 %d\r\n%s\r\n" % (len(gone), gone), 13 * SECOND)
    assert tally(workload) == (1, {ErrorClass.NO_CONSUMER: 1})
    assert workload.next_bytes(13 * SECOND).endswith(b"PING\r\n")


def test_a_confirmed_acknowledgement_is_waited_for() -> None:
    workload = consumer(1, ack=AckPolicy.DOUBLE)
    workload.next_bytes(0)
    feed(workload, message(1), 1)
    assert workload.next_bytes(1) == (
        b"PUB %s _INBOX.test.a 4\r\n+ACK\r\nPING\r\n" % ack(1).encode()
    )
    feed(workload, b"PONG\r\n", 2)
    assert not workload.done
    feed(workload, b"MSG _INBOX.test.a 3 0\r\n\r\n", 3)
    assert workload.done


ORDERED: dict[str, Any] = {
    "mode": "Ordered",
    "ack": AckPolicy.NONE,
    "again": '{"durable_name": "C", "deliver_policy": "all", "ack_policy": "none"}',
}
_CREATE = re.compile(rb"PUB \$JS\.API\.CONSUMER\.CREATE\.S\.(\S+) (\S+) \d+\r\n(\{.*?\}\})\r\n")


def test_an_acknowledgement_that_is_not_permitted_is_not_waited_for() -> None:
    workload = consumer(2, ack=AckPolicy.DOUBLE)
    workload.next_bytes(0)
    feed(workload, message(1) + message(2), 1)
    assert b"+ACK" in workload.next_bytes(2)
    for number in (1, 2):
        words = f'Permissions Violation for Publish to "{ack(number)}"'
        feed(workload, f"-ERR '{words}'\r\n".encode(), 3)
    feed(workload, b"PONG\r\n", 3)
    assert workload.done
    assert tally(workload) == (2, {ErrorClass.PERMISSION_DENIED: 2})


def creates(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The name and the configuration of each consumer that is asked for."""
    return [(name.decode(), json.loads(body)["config"]) for name, _, body in _CREATE.findall(data)]


def answer(body: str) -> bytes:
    return f"MSG {INBOX}.a 3 {len(body)}\r\n{body}\r\n".encode()


def fed(workload: Any, data: bytes, now_ns: int) -> bytes:
    rest = data[workload.scan(data, now_ns) :]
    for frame in parse(rest)[0]:
        workload.on_frame(frame, now_ns)
    return bytes(workload.next_bytes(now_ns))


def test_deleted_ordered_consumer_is_reset_behind_the_last_message() -> None:
    workload = consumer(10, **ORDERED)
    (reply, _), *_ = pulls(workload.next_bytes(MS))
    assert not creates(fed(workload, message(1) + message(2), 2 * MS))
    out = fed(workload, status(reply, "409 Consumer Deleted"), 3 * MS)
    ((name, config),) = creates(out)
    assert name != "C"
    assert config["name"] == name
    assert (config["deliver_policy"], config["opt_start_seq"]) == ("by_start_sequence", 3)
    assert not pulls(out)
    # It is asked for once; what the old pulls still say changes nothing.
    assert fed(workload, status(reply, "503"), 4 * MS) == b""
    # A refusal is left in peace for a while; then another one is asked for.
    assert fed(workload, answer('{"error": {"code": 503}}'), 5 * MS) == b""
    ((again, _),) = creates(workload.next_bytes(300 * MS))
    assert again != name
    out = fed(workload, answer(json.dumps({"name": again})), 301 * MS)
    assert f"CONSUMER.MSG.NEXT.S.{again} ".encode() in out
    assert events(workload) == {ErrorClass.NO_CONSUMER: 1}
    # The new one numbers its deliveries from 1: that is no gap.
    data = b"".join(
        f"MSG s.x 1 $JS.ACK.S.{again}.1.{n}.{n - 2}.1700000000000000000.0 2\r\nhi\r\n".encode()
        for n in range(3, 11)
    )
    fed(workload, data, 302 * MS)
    tally = workload.recorder.tally()
    assert tally.messages == 10
    assert tally.errors == []


def test_disconnect_during_an_ordered_reset_asks_again() -> None:
    workload = consumer(10, **ORDERED)
    (reply, _), *_ = pulls(workload.next_bytes(MS))
    assert creates(fed(workload, status(reply, "503"), 2 * MS))
    assert not creates(workload.next_bytes(3 * MS))
    workload.on_disconnect("gone", 3 * MS)
    workload.opening()
    ((_, config),) = creates(workload.next_bytes(4 * MS))
    # Nothing had come: it begins where the first one did.
    assert config["deliver_policy"] == "all"


@pytest.mark.parametrize("words", ["409 Consumer Deleted", "503"])
def test_deleted_unordered_consumer_ends_the_client(words: str) -> None:
    workload = consumer(10)
    (reply, _), *_ = pulls(workload.next_bytes(MS))
    assert not creates(fed(workload, status(reply, words), 2 * MS))
    (error,) = workload.recorder.tally().errors
    assert error.error_class == ErrorClass.NO_CONSUMER
    assert error.example == f"{words}: the consumer is not there"
    # It asks for nothing more, but whether the server has read all of it.
    assert workload.next_bytes(3 * MS) in (b"", b"PING\r\n")
    assert not pulls(workload.next_bytes(60 * MS))


ASK = b"SUB _INBOX.test.p 4\r\nPUB $JS.API.CONSUMER.INFO.S.C _INBOX.test.p 0\r\n\r\n"
STATE = '{"name":"C","paused":%s,"config":{"pause_until":"2100-01-01T00:00:00Z"}}'


def state(*, paused: bool) -> bytes:
    body = STATE % ("true" if paused else "false")
    return f"MSG _INBOX.test.p 4 {len(body)}\r\n{body}\r\n".encode()


def silent(idle_ms: int, messages: int | None = 5) -> Any:
    """A client that has asked for messages, and why none come."""
    workload = consumer(messages, idle_timeout_ms=idle_ms, expires_ms=300_000)
    workload.next_bytes(0)
    assert workload.next_bytes(min(idle_ms * MS, 5 * SECOND) - 1) == b""
    assert workload.next_bytes(min(idle_ms * MS, 5 * SECOND)) == ASK
    assert workload.next_bytes(min(idle_ms * MS, 5 * SECOND)) == b""
    return workload


@pytest.mark.parametrize(
    ("paused", "error_class"),
    [(True, ErrorClass.CONSUMER_PAUSED), (False, ErrorClass.STARVED)],
)
def test_silence__up_to_its_limit__is_a_pause_if_the_server_says_so(
    paused: bool, error_class: ErrorClass
) -> None:
    workload = silent(1000)
    workload.on_time(SECOND)
    assert tally(workload) == (0, {})
    feed(workload, state(paused=paused), SECOND)
    workload.on_time(SECOND)
    assert tally(workload) == (0, {error_class: 5})


def test_silence__whose_cause_nobody_tells__is_starvation_two_seconds_later() -> None:
    workload = silent(1000)
    workload.on_time(3 * SECOND - 1)
    assert tally(workload) == (0, {})
    workload.on_time(3 * SECOND)
    assert tally(workload) == (0, {ErrorClass.STARVED: 5})


def test_silence__of_a_client_that_may_not_ask__is_starvation_and_no_other_error() -> None:
    workload = silent(1000)
    words = b'Permissions Violation for Publish to "$JS.API.CONSUMER.INFO.S.C"'
    feed(workload, b"-ERR '%s'\r\n" % words, SECOND)
    workload.on_time(SECOND)
    assert tally(workload) == (0, {ErrorClass.STARVED: 5})


def test_pause__that_ends_in_time__is_an_event_and_asked_about_again_in_the_next_silence() -> None:
    workload = silent(60_000, messages=None)
    feed(workload, state(paused=True), 6 * SECOND)
    assert workload.next_bytes(60 * SECOND).startswith(b"PUB $JS.API.CONSUMER.INFO.S.C")
    feed(workload, state(paused=True), 60 * SECOND)
    feed(workload, message(1), 61 * SECOND)
    workload.next_bytes(61 * SECOND)
    assert b"CONSUMER.INFO" in workload.next_bytes(66 * SECOND)
    feed(workload, state(paused=False), 66 * SECOND)
    workload.on_time(500 * SECOND)
    assert events(workload)[ErrorClass.CONSUMER_PAUSED] == 1
