"""Requests that are due few at a time: the short way does exactly what the general way does."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import ClientPlan, PacePiece, PacePlan, PayloadPlan, PublishPlan
from njst.load.ledger import Ledger
from njst.load.wire.parse import parse
from njst.load.wire.tokens import ReusedTokens
from njst.load.workloads.base import Start
from njst.load.workloads.calls import CallWorkload
from njst.load.workloads.paced import AHEAD, PacedWorkload
from njst.load.workloads.publish import PublishRequests, publish_workload

INBOX = "_INBOX.test"
MS = 1_000_000
TIMEOUT_MS = 40
WARM_NS = 30 * MS
PER_SECOND = 1000


def plan(
    seconds: int = 10, *, window: int = 8, reuses: bool = False, rate: int = PER_SECOND, **how: Any
) -> ClientPlan:
    piece = PacePiece(begin_per_second=rate, end_per_second=rate, ms=None)
    publish = PublishPlan(
        mode=PublishMode.ASYNCHRONOUS,
        window=window,
        payload=PayloadPlan(bytes_min=40, bytes_max=60),
        subjects=["a", "b"],
        message_ids=True,
        reuses_replies=reuses,
        ack_timeout_ms=TIMEOUT_MS,
    )
    pace = PacePlan(pieces=[piece], parts=1, index=0)
    length = how or {"duration_ms": seconds * 1000}
    return ClientPlan(workload="w", index=0, pace=pace, publish=publish, **length)


def begun(workload: CallWorkload) -> CallWorkload:
    workload.ledger.start(WARM_NS)
    workload.start(Start(0, log_offset_ns=7))
    return workload


def short(made: ClientPlan) -> PacedWorkload:
    workload = publish_workload(made, INBOX, Ledger("w", made.messages), "job")
    assert isinstance(workload, PacedWorkload)
    begun(workload)
    return workload


def general(made: ClientPlan) -> CallWorkload:
    assert made.publish is not None
    tokens = ReusedTokens(made.publish.window) if made.publish.reuses_replies else None
    requests = PublishRequests(made, INBOX, "job", tokens)
    return begun(CallWorkload(made, INBOX, Ledger("w", made.messages), requests))


def ack(token: bytes, sequence: int, kind: str = "good") -> bytes:
    body = {
        "good": b'{"stream":"S","seq":%d}' % sequence,
        "again": b'{"stream":"S","seq":%d,"duplicate": true}' % sequence,
        "refused": b'{"error":{"code":400,"err_code":10077,"description":"full"},"seq":0}',
        # As long as a good one, and none.
        "odd": b'{"stream":"S","seq":%s}' % (b"x" * len(b"%d" % sequence)),
    }[kind]
    return b"MSG _INBOX.test.%s 1 %d\r\n%s\r\n" % (token, len(body), body)


def feed(workload: CallWorkload, data: bytes, now_ns: int) -> None:
    rest = data[workload.scan(data, now_ns) :]
    for frame in parse(rest)[0]:
        workload.on_frame(frame, now_ns)


def tokens_in(frames: bytes | memoryview) -> list[bytes]:
    return re.findall(rb" _INBOX\.test\.([0-9a-f]{10}) ", frames)


# What comes next: time for so many messages to be due; answers to some of those that wait, from
# the oldest on or from another, of one kind; what interrupts.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("time"), st.integers(0, 3000), st.just(0)),
        st.tuples(st.sampled_from(["good"]), st.integers(1, 9), st.just(0)),
        st.tuples(
            st.sampled_from(["good", "again", "refused", "odd"]),
            st.integers(1, 3),
            st.integers(0, 2),
        ),
        st.tuples(
            st.sampled_from(["twice", "ping", "part", "silence", "break"]), st.just(1), st.just(0)
        ),
    ),
    min_size=20,
    max_size=120,
)


@pytest.mark.parametrize("reuses", [False, True])
@pytest.mark.parametrize("window", [1, 3, 300])
@pytest.mark.parametrize("length", [{"messages": 70}, {"duration_ms": 5000}])
@settings(max_examples=20)
@given(events=EVENTS)
def test_the_short_way_is_the_general_way(
    reuses: bool, window: int, length: dict[str, int], events: list[tuple[str, int, int]]
) -> None:
    made = plan(window=window, reuses=reuses, **length)
    both = (short(made), general(made))
    now = 0
    # Reused tokens may differ, where one keeps some for what lies ready.
    waiting: tuple[list[bytes], list[bytes]] = ([], [])
    sequence = 10
    for kind, count, back in events:
        now += 10_000 + (count * 1000 if kind == "time" else 0)
        now += TIMEOUT_MS * MS * 11 // 10 if kind == "silence" else 0
        at = max(0, min(back, len(waiting[0]) - 1))
        sent = []
        for workload, those in zip(both, waiting, strict=True):
            if kind == "silence":
                workload.on_time(now)
            elif kind == "break":
                workload.on_disconnect("gone")
            elif kind != "time":
                feed(workload, answers(those[at : at + count], sequence, kind), now)
            if kind in ("silence", "break"):
                those.clear()
            elif kind not in ("time", "part"):
                del those[at : at + count]
            sent.append(bytes(workload.next_bytes(now)))
            those.extend(tokens_in(sent[-1]))
        sequence += count
        assert without_tokens(sent[0]) == without_tokens(sent[1])
        assert both[0].due_ns() == both[1].due_ns()
    one, other = (workload.ledger.tally() for workload in both)
    assert one == other
    assert both[0].done == both[1].done


def answers(tokens: list[bytes], sequence: int, kind: str) -> bytes:
    each = kind if kind in ("again", "refused", "odd") else "good"
    whole = b"".join(ack(token, sequence + n, each) for n, token in enumerate(tokens))
    return {"twice": 2 * whole, "ping": b"PING\r\n" + whole, "part": whole[:-2]}.get(kind, whole)


def without_tokens(frames: bytes) -> bytes:
    return re.sub(rb"(?<= _INBOX\.test\.)[0-9a-f]{10} ", b"", frames)


def in_order(workload: CallWorkload, count: int, step_ns: int, late: int = 2) -> list[bytes]:
    """Send `count` messages, each when it is due, and answer each a little later."""
    sent: list[bytes] = []
    for number in range(count + late):
        now = number * step_ns + 1
        frame = bytes(workload.next_bytes(now))
        if number < count:
            assert len(tokens_in(frame)) == 1
            sent.append(frame)
        if number >= late:
            (token,) = tokens_in(sent[number - late])
            feed(workload, ack(token, 1000 + number), now + step_ns // 2)
        assert workload.due_ns() == (None if number >= count - 1 else (number + 1) * step_ns)
    return sent


@pytest.mark.parametrize("reuses", [False, True])
def test_it_goes_the_short_way_from_block_to_block(
    reuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned: list[int] = []
    real: Callable[..., int] = CallWorkload.scan

    def noting(self: CallWorkload, data: bytes, now_ns: int) -> int:
        scanned.append(len(data))
        return real(self, data, now_ns)

    monkeypatch.setattr(CallWorkload, "scan", noting)
    count = 10 * AHEAD
    workload = short(plan(messages=count, reuses=reuses))
    workload.ledger.start(0)
    sent = in_order(workload, count, MS)
    # But for the first one, whose answer shows how answers look, and those behind it until then.
    assert len(scanned) <= 3
    tally = workload.ledger.tally()
    assert (tally.messages, tally.attempted, tally.errors) == (count, count, [])
    assert workload.done
    names = [token for frame in sent for token in tokens_in(frame)]
    assert len(set(names)) == (256 if reuses else count)


def test_what_follows_too_closely_goes_the_general_way() -> None:
    workload = short(plan(rate=100_000, messages=500, window=500))
    in_order(workload, 500, 10_000)
    assert workload._seal is None
    assert workload.ledger.tally().messages == 500


def test_no_more_are_under_way_than_the_window_has_room_for() -> None:
    made = plan(window=3, messages=50)
    both = (short(made), general(made))
    for workload in both:
        sent: list[bytes] = []
        for number in range(20):
            now = number * MS + 1
            sent += tokens_in(bytes(workload.next_bytes(now)))
            if number < 10:
                feed(workload, ack(sent[number], 10 + number), now + 1)
        # The answers ended: three more, and the others are held.
        assert len(sent) == 13
        assert not workload.next_bytes(30 * MS)
        feed(workload, b"".join(ack(token, 50) for token in sent[10:]), 31 * MS)
        assert len(tokens_in(bytes(workload.next_bytes(32 * MS)))) == 3
    one, other = (workload.ledger.tally() for workload in both)
    assert one == other
    assert one.held == 3
