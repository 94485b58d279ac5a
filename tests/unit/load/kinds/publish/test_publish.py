"""The publisher: the window holds, and counts are exact under any fate of the acknowledgements."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import ArrivalPiece, ArrivalPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.pacing.arrival_schedule import ArrivalSchedule
from njst.load.protocol.parser import ServerError, parse
from njst.load.protocol.reply_tokens import FEWEST
from njst.load.recording.recorder import Recorder
from njst.load.requests.request_client import RequestClient
from njst.stats.histogram import Histogram
from tests.unit.load.builders import (
    INBOX,
    SECOND,
    errors,
    feed,
    puback,
    publish_plan,
    refusal,
    started,
)


def publisher(messages: int | None = None, **how: Any) -> RequestClient:
    client = {name: how.pop(name) for name in ("duration_ms", "pace") if name in how}
    plan = publish_plan(messages, client={"index": 3, **client}, **how)
    return single_publish_client(plan, INBOX, Recorder("w", messages), "job")


_PUB = re.compile(rb"PUB (\S+) _INBOX\.test\.([0-9a-f]{10}) 10\r\n.{10}\r\n", re.DOTALL)


def sent(data: bytes) -> list[tuple[str, int]]:
    """The (subject, number) of each frame; nothing else may be in between."""
    found = _PUB.findall(data)
    assert sum(len(match[0]) for match in _PUB.finditer(data)) == len(data)
    return [(subject.decode(), int(number, 16)) for subject, number in found]


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_window_is_never_exceeded_and_each_message_has_one_outcome(
    messages: int, window: int, data: st.DataObject
) -> None:
    workload = publisher(messages, window=window)
    started(workload, 0)
    now, waiting, outcomes = 1, [], {"ok": 0, "failed": 0, "late": 0}
    numbers: list[int] = []
    for _ in range(1000):
        if workload.done:
            break
        frames = sent(workload.next_bytes(now))
        waiting += [number for _, number in frames]
        numbers += [number for _, number in frames]
        assert len(waiting) <= window
        count = data.draw(st.integers(1, len(waiting)))
        chosen = data.draw(st.permutations(waiting))[:count]
        chunk = b""
        for number in chosen:
            waiting.remove(number)
            fate = data.draw(st.sampled_from(["ok", "ok", "twice", "failed", "late"]))
            if fate == "late":
                outcomes["late"] += 1
                now += 2 * SECOND
                feed(workload, chunk, now - 2 * SECOND)
                chunk = b""
                outcomes["late"] += len(waiting)
                lost, waiting = [number, *waiting], []
                workload.on_time(now)
                feed(workload, b"".join(map(puback, lost)), now)
                break
            outcomes["failed" if fate == "failed" else "ok"] += 1
            chunk += refusal(number) if fate == "failed" else puback(number)
            chunk += puback(number) if fate == "twice" else b""
        now += 1000
        feed(workload, chunk, now)
    tally = workload.recorder.tally()
    assert workload.done
    assert numbers == list(range(messages)), "each once, in order, none left out"
    assert tally.attempted == messages
    assert tally.messages + sum(errors(tally).values()) == messages
    assert errors(tally).get(ErrorClass.LIMIT_EXCEEDED, 0) == outcomes["failed"]
    assert tally.bytes == 10 * tally.messages


@given(
    st.integers(20, 200),
    st.booleans(),
    st.lists(st.tuples(st.integers(1, 120), st.booleans()), min_size=1, max_size=12),
)
def test_latencies_are_exact_in_order_and_out_of_it(
    window: int, is_paced: bool, pieces: list[tuple[int, bool]]
) -> None:
    steady = ArrivalPiece(begin_per_second=1_000_000, end_per_second=1_000_000)
    pace = ArrivalPlan(pieces=[steady], parts=1, index=0)
    workload = started(publisher(1000, window=window, pace=pace if is_paced else None), 0)
    now, waiting, done = 1_000_000, {}, []
    for count, is_turned in pieces:
        now += 1_000_000
        waiting |= {number: now for _, number in sent(workload.next_bytes(now))}
        now += 1_000_000
        answered = list(waiting)[:count]
        if is_turned:
            answered.reverse()
        feed(workload, b"".join(map(puback, answered)), now)
        done += [(number, waiting.pop(number), now) for number in answered]
    tally = workload.recorder.tally()
    took = [(at - left) // 1000 for _, left, at in done]
    if is_paced:
        assert Histogram.decode(tally.service) == Histogram.of(took)
        took = [(at - ArrivalSchedule(pace).due_ns(number)) // 1000 for number, _, at in done]
    assert Histogram.decode(tally.latency) == Histogram.of(took)
    assert tally.messages == len(done)


def test_synchronous_waits_for_each() -> None:
    workload = publisher(3, window=500, mode=PublishMode.SYNCHRONOUS)
    started(workload, 0)
    for number in range(3):
        assert sent(workload.next_bytes(number + 1)) == [("a", number)]
        assert workload.next_bytes(number + 1) == b""
        feed(workload, puback(number), number + 2)
    assert workload.done


def test_subjects_take_turns() -> None:
    workload = publisher(5, subjects=["a", "b"])
    started(workload, 0)
    assert [subject for subject, _ in sent(workload.next_bytes(1))] == ["a", "b", "a", "b", "a"]


def test_reused_token_is_free_once_its_message_is_answered() -> None:
    """What is not answered is passed over, and its late answer is nobody else's."""
    window = FEWEST
    workload = started(publisher(window=window, reuses_replies=True, duration_ms=60_000), 1)
    # A chunk may be less than the window; tokens are numbers in the first round.
    first = [token for _ in range(2) for _, token in sent(workload.next_bytes(1))]
    assert first == list(range(window))
    feed(workload, b"".join(map(puback, first[1:])), 2)
    second = [token for _, token in sent(workload.next_bytes(SECOND // 2))]
    assert second, "the window has room"
    assert not {0} & set(second)
    feed(workload, b"".join(map(puback, second)), SECOND // 2)
    workload.on_time(2 * SECOND)
    third = [token for _, token in sent(workload.next_bytes(2 * SECOND))]
    assert not {*first, *second} & set(third), "one of them may still be answered"
    feed(workload, puback(0), 2 * SECOND)
    feed(workload, b"".join(map(puback, third)), 3 * SECOND)
    tally = workload.recorder.tally()
    assert tally.messages == window - 1 + len(second) + len(third)
    assert errors(tally) == {ErrorClass.TIMEOUT: 1}


def test_latency_is_from_send_to_acknowledgement() -> None:
    workload = publisher(2)
    started(workload, 0)
    workload.next_bytes(1_000)
    feed(workload, puback(0) + puback(1), 5_001_000)
    assert Histogram.decode(workload.recorder.tally().latency) == Histogram.of([5_000, 5_000])
    assert workload.recorder.tally().elapsed_us == 5_001


def test_lost_ack_is_a_timeout_and_a_late_ack_no_success() -> None:
    workload = publisher(1)
    started(workload, 0)
    workload.next_bytes(0)
    assert not workload.done
    workload.next_bytes(1)
    workload.on_time(3 * SECOND)
    # Sent at 0 means "free slot" nowhere: time begins above it.
    workload = publisher(1)
    started(workload, 1)
    workload.next_bytes(1)
    workload.on_time(SECOND // 2)
    assert not workload.done
    workload.on_time(2 * SECOND)
    assert workload.done
    feed(workload, puback(0), 2 * SECOND)
    tally = workload.recorder.tally()
    assert (tally.messages, errors(tally)) == (0, {ErrorClass.TIMEOUT: 1})


def test_disconnect_fails_what_is_in_flight_and_the_rest_goes_on() -> None:
    workload = publisher(10, window=4)
    started(workload, 1)
    assert len(sent(workload.next_bytes(1))) == 4
    feed(workload, puback(0), 2)
    workload.on_disconnect("reset by peer", 3)
    assert [n for _, n in sent(workload.next_bytes(3))] == [4, 5, 6, 7]
    feed(workload, b"".join(map(puback, range(1, 8))), 4)
    tally = workload.recorder.tally()
    assert tally.messages == 5, "acknowledgements of a broken connection's messages are unknown"
    assert errors(tally) == {ErrorClass.DISCONNECTED: 3}


def test_a_duration_ends_it_with_what_is_in_flight_counted() -> None:
    workload = publisher(duration_ms=1000, window=2)
    started(workload, 5)
    assert len(sent(workload.next_bytes(10))) == 2
    feed(workload, puback(0) + puback(1), SECOND - 10)
    assert len(sent(workload.next_bytes(SECOND - 10))) == 2
    workload.on_time(SECOND + 5)
    assert workload.next_bytes(SECOND + 6) == b""
    assert not workload.done
    feed(workload, puback(2) + puback(3), SECOND + 100)
    assert workload.done
    assert workload.recorder.tally().messages == 4


def test_payloads_are_never_all_zeroes_and_differ_between_clients() -> None:
    workload = publisher(1)
    started(workload, 1)
    payload = workload.next_bytes(1).split(b"\r\n", 1)[1][:10]
    assert payload != bytes(10)


def test_a_refusal_of_the_server_is_classified() -> None:
    workload = publisher(1)
    started(workload, 1)
    workload.on_frame(ServerError('Permissions Violation for Publish to "a"'), 2)
    workload.on_frame(ServerError("Maximum Payload Violation"), 2)
    assert errors(workload.recorder.tally()) == {
        ErrorClass.PERMISSION_DENIED: 1,
        ErrorClass.PAYLOAD_TOO_LARGE: 1,
    }


@given(st.binary(max_size=120))
def test_noise_never_breaks_the_scan(noise: bytes) -> None:
    workload = publisher(5)
    started(workload, 1)
    workload.next_bytes(1)
    taken = workload.scan(noise, 2)
    assert 0 <= taken <= len(noise)
    assert workload.recorder.messages <= 5


@given(st.lists(st.sampled_from(["ack", "again", "failure", "ping"]), max_size=8), st.data())
def test_the_scan_and_the_exact_parser_agree(kinds: list[str], data: st.DataObject) -> None:
    chunk = b""
    for number, kind in enumerate(kinds):
        chunk += {
            "ack": puback(number),
            "again": puback(number, duplicate=True),
            "failure": refusal(number),
            "ping": b"PING\r\n",
        }[kind]
    fast, exact = publisher(8, message_ids=True), publisher(8, message_ids=True)
    for workload in (fast, exact):
        started(workload, 1)
        workload.next_bytes(1)
    cut = data.draw(st.integers(0, len(chunk)))
    rest = b""
    for part in (chunk[:cut], chunk[cut:]):
        rest += part
        rest = rest[fast.scan(rest, 9) :]
        frames, used = parse(rest)
        for frame in frames:
            fast.on_frame(frame, 9)
        rest = rest[used:]
    for frame in parse(chunk)[0]:
        exact.on_frame(frame, 9)
    assert fast.recorder.tally() == exact.recorder.tally()
    assert fast.recorder.duplicates == kinds.count("again")


@pytest.mark.parametrize("others", [0, 40])
def test_duplicate_counts_once_and_not_after_its_time_out(others: int) -> None:
    workload = publisher(100, window=100, message_ids=True)
    started(workload, 1)
    workload.next_bytes(1)
    plain = b"".join(map(puback, range(3, 3 + others)))
    feed(workload, puback(1, duplicate=True) + puback(1, duplicate=True) + plain, 2)
    workload.on_time(2 * SECOND)
    feed(workload, puback(2, duplicate=True) + puback(1, duplicate=True), 2 * SECOND)
    assert workload.recorder.duplicates == 1
    assert workload.recorder.messages == 1 + others


def test_offered_rate_gives_up_in_silence_after_its_duration() -> None:
    second = 1_000_000_000
    steady = ArrivalPiece(begin_per_second=10, end_per_second=10)
    pace = ArrivalPlan(pieces=[steady], parts=1, index=0)
    workload = started(publisher(window=4, duration_ms=2_000, pace=pace), second)
    now, answers = second, 0
    while not workload.done:
        sent_now = [number for _, number in sent(workload.next_bytes(now))]
        if now < 2 * second:
            feed(workload, b"".join(map(puback, sent_now)), now)
            answers += len(sent_now)
        workload.on_time(now)
        now += second // 20
        assert now < 60 * second
    tally = workload.recorder.tally(now, workload.unfinished)
    assert (tally.attempted, tally.messages) == (20, answers)
    assert errors(tally) == {ErrorClass.TIMEOUT: 20 - answers}
    # Those that never left are in the latencies as well: they were due, and waited.
    assert Histogram.decode(tally.censored).count == 20 - answers
