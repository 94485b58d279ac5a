"""The publisher: the window holds, and counts are exact under any fate of the acknowledgements."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.payload import PayloadPlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ArrivalPiece, ArrivalPlan, ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.load_client import StartTime
from njst.load.pacing.arrival_schedule import ArrivalSchedule
from njst.load.protocol.parser import ServerError, parse
from njst.load.protocol.reply_tokens import FEWEST
from njst.load.recording.recorder import Recorder
from njst.load.requests.request_client import RequestClient
from njst.stats.histogram import Histogram
from tests.unit.load.feeding import errors, feed

INBOX = "_INBOX.test"
SECOND = 1_000_000_000


def publisher(
    messages: int | None = None,
    *,
    window: int = 8,
    mode: PublishMode = PublishMode.ASYNCHRONOUS,
    subjects: tuple[str, ...] = ("a",),
    duration_ms: int | None = None,
    pace: ArrivalPlan | None = None,
    message_ids: bool = False,
    reuses: bool = False,
) -> RequestClient:
    plan = ClientPlan(
        workload="w",
        index=3,
        messages=messages,
        duration_ms=duration_ms,
        pace=pace,
        publish=PublishPlan(
            mode=mode,
            window=window,
            payload=PayloadPlan(bytes_min=10, bytes_max=10),
            subjects=list(subjects),
            message_ids=message_ids,
            reuses_replies=reuses,
            ack_timeout_ms=1000,
        ),
    )
    return single_publish_client(plan, INBOX, Recorder("w", messages), "job")


def started(workload: RequestClient, at_ns: int) -> RequestClient:
    workload.recorder.start(at_ns)
    workload.start(StartTime(at_ns))
    return workload


_PUB = re.compile(rb"PUB (\S+) _INBOX\.test\.([0-9a-f]{10}) 10\r\n.{10}\r\n", re.DOTALL)


def sent(data: bytes) -> list[tuple[str, int]]:
    """The (subject, number) of each frame; nothing else may be in between."""
    found = _PUB.findall(data)
    assert sum(len(match[0]) for match in _PUB.finditer(data)) == len(data)
    return [(subject.decode(), int(number, 16)) for subject, number in found]


def ack(number: int, *, again: bool = False) -> bytes:
    tail = b',"duplicate": true' if again else b""
    body = b'{"stream":"S","seq":%d%s}' % (number + 1, tail)
    return b"MSG _INBOX.test.%010x 1 %d\r\n%s\r\n" % (number, len(body), body)


def failure(number: int) -> bytes:
    body = b'{"error":{"code":400,"err_code":10077,"description":"full"},"stream":"S","seq":0}'
    return b"MSG _INBOX.test.%010x 1 %d\r\n%s\r\n" % (number, len(body), body)


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_the_window_holds_and_every_message_has_one_outcome(
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
                feed(workload, b"".join(map(ack, lost)), now)
                break
            outcomes["failed" if fate == "failed" else "ok"] += 1
            chunk += failure(number) if fate == "failed" else ack(number)
            chunk += ack(number) if fate == "twice" else b""
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
        feed(workload, b"".join(map(ack, answered)), now)
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
        feed(workload, ack(number), number + 2)
    assert workload.done


def test_subjects_take_turns() -> None:
    workload = publisher(5, subjects=("a", "b"))
    started(workload, 0)
    assert [subject for subject, _ in sent(workload.next_bytes(1))] == ["a", "b", "a", "b", "a"]


def test_a_token_in_turns_is_free_when_its_message_has_an_answer() -> None:
    """What is not answered is passed over, and its late answer is nobody else's."""
    window = FEWEST
    workload = started(publisher(window=window, reuses=True, duration_ms=60_000), 1)
    # A chunk may be less than the window; tokens are numbers in the first round.
    first = [token for _ in range(2) for _, token in sent(workload.next_bytes(1))]
    assert first == list(range(window))
    feed(workload, b"".join(map(ack, first[1:])), 2)
    second = [token for _, token in sent(workload.next_bytes(SECOND // 2))]
    assert second, "the window has room"
    assert not {0} & set(second)
    feed(workload, b"".join(map(ack, second)), SECOND // 2)
    workload.on_time(2 * SECOND)
    third = [token for _, token in sent(workload.next_bytes(2 * SECOND))]
    assert not {*first, *second} & set(third), "one of them may still be answered"
    feed(workload, ack(0), 2 * SECOND)
    feed(workload, b"".join(map(ack, third)), 3 * SECOND)
    tally = workload.recorder.tally()
    assert tally.messages == window - 1 + len(second) + len(third)
    assert errors(tally) == {ErrorClass.TIMEOUT: 1}


def test_latency_is_from_send_to_acknowledgement() -> None:
    workload = publisher(2)
    started(workload, 0)
    workload.next_bytes(1_000)
    feed(workload, ack(0) + ack(1), 5_001_000)
    assert Histogram.decode(workload.recorder.tally().latency) == Histogram.of([5_000, 5_000])
    assert workload.recorder.tally().elapsed_us == 5_001


def test_a_lost_acknowledgement_is_a_timeout_and_a_late_one_no_success() -> None:
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
    feed(workload, ack(0), 2 * SECOND)
    tally = workload.recorder.tally()
    assert (tally.messages, errors(tally)) == (0, {ErrorClass.TIMEOUT: 1})


def test_a_break_makes_everything_in_flight_an_error_and_the_rest_goes_on() -> None:
    workload = publisher(10, window=4)
    started(workload, 1)
    assert len(sent(workload.next_bytes(1))) == 4
    feed(workload, ack(0), 2)
    workload.on_disconnect("reset by peer", 3)
    assert [n for _, n in sent(workload.next_bytes(3))] == [4, 5, 6, 7]
    feed(workload, b"".join(map(ack, range(1, 8))), 4)
    tally = workload.recorder.tally()
    assert tally.messages == 5, "acknowledgements of a broken connection's messages are unknown"
    assert errors(tally) == {ErrorClass.DISCONNECTED: 3}


def test_a_duration_ends_it_with_what_is_in_flight_counted() -> None:
    workload = publisher(duration_ms=1000, window=2)
    started(workload, 5)
    assert len(sent(workload.next_bytes(10))) == 2
    feed(workload, ack(0) + ack(1), SECOND - 10)
    assert len(sent(workload.next_bytes(SECOND - 10))) == 2
    workload.on_time(SECOND + 5)
    assert workload.next_bytes(SECOND + 6) == b""
    assert not workload.done
    feed(workload, ack(2) + ack(3), SECOND + 100)
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
            "ack": ack(number),
            "again": ack(number, again=True),
            "failure": failure(number),
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
def test_what_was_there_already_counts_once_and_not_after_its_time_out(others: int) -> None:
    workload = publisher(100, window=100, message_ids=True)
    started(workload, 1)
    workload.next_bytes(1)
    plain = b"".join(map(ack, range(3, 3 + others)))
    feed(workload, ack(1, again=True) + ack(1, again=True) + plain, 2)
    workload.on_time(2 * SECOND)
    feed(workload, ack(2, again=True) + ack(1, again=True), 2 * SECOND)
    assert workload.recorder.duplicates == 1
    assert workload.recorder.messages == 1 + others


def test_an_offered_rate_is_given_up_when_nothing_answers_after_its_duration() -> None:
    second = 1_000_000_000
    steady = ArrivalPiece(begin_per_second=10, end_per_second=10)
    pace = ArrivalPlan(pieces=[steady], parts=1, index=0)
    workload = started(publisher(window=4, duration_ms=2_000, pace=pace), second)
    now, answers = second, 0
    while not workload.done:
        sent_now = [number for _, number in sent(workload.next_bytes(now))]
        if now < 2 * second:
            feed(workload, b"".join(map(ack, sent_now)), now)
            answers += len(sent_now)
        workload.on_time(now)
        now += second // 20
        assert now < 60 * second
    tally = workload.recorder.tally(now, workload.unfinished)
    assert (tally.attempted, tally.messages) == (20, answers)
    assert errors(tally) == {ErrorClass.TIMEOUT: 20 - answers}
    # Those that never left are in the latencies as well: they were due, and waited.
    assert Histogram.decode(tally.censored).count == 20 - answers
