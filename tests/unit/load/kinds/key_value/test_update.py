"""Updates of keys against a model of the store: nobody who is alone is ever refused."""

import re
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.fields import Order
from njst.contract.kinds.key_value import KeyValueOperation, KeyValuePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.key_value.clients import key_value_client
from njst.load.protocol import stamp
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, SECOND, errors, feed, puback, refusal, started

_FRAME = re.compile(
    rb"(?:PUB \$KV\.b\.0\.(\d) _INBOX\.test\.([0-9a-f]{10}) 5\r\n"
    rb"|HPUB \$KV\.b\.0\.(\d) _INBOX\.test\.([0-9a-f]{10}) \d+ \d+\r\n"
    rb"NATS/1\.0\r\nNats-Expected-Last-Subject-Sequence: (\d+)\r\n\r\n).{5}\r\n",
    re.DOTALL,
)


def updater(
    messages: int, *, keys: int = 3, window: int = 2, size: int = 5, order: Order = Order.SEQUENTIAL
) -> RequestClient:
    plan = ClientPlan(
        workload="w",
        number=1,
        index=2,
        messages=messages,
        key_value=KeyValuePlan(
            operation=KeyValueOperation.UPDATE,
            bucket="b",
            prefix="0",
            keys=keys,
            key_order=order,
            value_bytes=size,
            window=window,
            timeout_ms=1000,
        ),
    )
    return started(
        key_value_client(plan, INBOX, Recorder("w", messages), SharedRecords("job", lambda: 0)),
        1,
        1_000,
    )


def sent(data: bytes) -> list[tuple[int, int, int | None]]:
    """(number, key, expected revision) of each frame; nothing else may be in between."""
    assert _FRAME.sub(b"", data) == b""
    return [
        (int(n or m, 16), int(k or j), int(revision) if revision else None)
        for k, n, j, m, revision in _FRAME.findall(data)
    ]


def stored(number: int, sequence: int) -> bytes:
    return puback(number, sequence, "KV_b")


def refused(number: int, sequence: int) -> bytes:
    return refusal(number, 10071, f"wrong last sequence: {sequence}")


class Store:
    """The last sequence of each key."""

    def __init__(self) -> None:
        self.sequence = 100
        self.last: dict[int, int] = {}

    def write(self, key: int) -> int:
        self.sequence += 1
        self.last[key] = self.sequence
        return self.sequence

    def answer(self, number: int, key: int, expected: int | None) -> bytes:
        if expected is not None and expected != self.last.get(key, 0):
            return refused(number, self.last.get(key, 0))
        return stored(number, self.write(key))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 5), st.sampled_from(Order), st.data())
def test_sole_writer_of_a_key_is_never_refused(
    messages: int, keys: int, window: int, order: Order, data: st.DataObject
) -> None:
    workload = updater(messages, keys=keys + 1, window=min(window, keys), order=order)
    store, waiting, now = Store(), [], 1
    while not workload.done:
        waiting += sent(workload.next_bytes(now))
        assert len({key for _, key, _ in waiting}) == len(waiting), "one update of a key at a time"
        number = data.draw(st.integers(0, len(waiting) - 1))
        now += 1
        feed(workload, store.answer(*waiting.pop(number)), now)
    tally = workload.recorder.tally()
    assert (tally.messages, tally.bytes, errors(tally)) == (messages, 5 * messages, {})


@settings(deadline=None)
@given(st.lists(st.sampled_from(["ok", "other", "lost", "late", "break"]), max_size=30))
def test_any_fate_has_one_outcome_and_the_client_goes_on(fates: list[str]) -> None:
    workload = updater(len(fates) + 2, keys=2, window=1)
    store, now = Store(), 1
    outcomes = {"ok": 0, "wrong": 0, "unknown": 0}
    for fate in [*fates, "ok", "ok"]:
        ((number, key, expected),) = sent(workload.next_bytes(now))
        if fate == "other":
            store.write(key)
        answer = store.answer(number, key, expected) if fate != "lost" else b""
        if fate in ("lost", "late", "break"):
            outcomes["unknown"] += 1
            now += 2 * SECOND
            if fate == "break":
                workload.on_disconnect("reset", now)
            workload.on_time(now)
            feed(workload, answer, now)
            continue
        outcomes["wrong" if b"10071" in answer else "ok"] += 1
        now += 1
        feed(workload, answer, now)
    found = errors(workload.recorder.tally())
    assert workload.done
    assert workload.recorder.messages == outcomes["ok"]
    assert found.get(ErrorClass.WRONG_SEQUENCE, 0) == outcomes["wrong"]
    assert sum(found.values()) == outcomes["wrong"] + outcomes["unknown"]


def test_a_refusal_teaches_the_revision() -> None:
    workload = updater(4, keys=2, window=1)
    assert sent(workload.next_bytes(1)) == [(0, 0, None)]
    feed(workload, stored(0, 7), 2)
    assert sent(workload.next_bytes(3)) == [(1, 1, None)]
    feed(workload, stored(1, 8), 4)
    assert sent(workload.next_bytes(5)) == [(2, 0, 7)]
    feed(workload, refused(2, 12), 6)
    assert errors(workload.recorder.tally()) == {ErrorClass.WRONG_SEQUENCE: 1}
    workload.next_bytes(7)
    feed(workload, stored(3, 13), 8)
    assert workload.done


def test_the_frame_of_an_update_carries_a_stamp() -> None:
    workload = updater(2, keys=1, window=1, size=40)
    first = workload.next_bytes(50)
    assert first.startswith(b"PUB $KV.b.0 _INBOX.test.0000000000 40\r\n")
    feed(workload, stored(0, 7), 60)
    frame = workload.next_bytes(70)
    head = (
        b"HPUB $KV.b.0 _INBOX.test.0000000001 52 92\r\n"
        b"NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 7\r\n\r\n"
    )
    assert frame.startswith(head)
    value = frame[len(head) : -2]
    assert len(value) == 40
    fixed = stamp.fixed(zlib.crc32(b"job"), 1 << 24 | 2, value[32:])
    assert value[:32] == fixed + stamp.variable(fixed, 1, 1_070)
