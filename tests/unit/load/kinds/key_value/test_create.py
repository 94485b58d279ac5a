"""Creates of keys against a model of the store: a marker is no key, and each has one outcome."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.key_value import KeyValueOperation, KeyValuePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.key_value.clients import key_value_client
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, errors, feed, started

KEYS = 4
_CREATE = re.compile(
    rb"HPUB \$KV\.b\.0\.(\d) _INBOX\.test\.([0-9a-f]{10}) \d+ \d+\r\n"
    rb"NATS/1\.0\r\nNats-Expected-Last-Subject-Sequence: (\d+)\r\n\r\n.{5}\r\n",
    re.DOTALL,
)
_LOOK = re.compile(
    rb"PUB \$JS\.API\.DIRECT\.GET\.KV_b\.\$KV\.b\.0\.(\d) _INBOX\.test\.([0-9a-f]{10}) 0\r\n\r\n"
)
DEAD = (
    b"KV-Operation: DEL",
    b"KV-Operation: PURGE",
    b"Nats-Marker-Reason: MaxAge",
    b"Nats-Marker-Reason: Remove",
)
ALIVE = (b"", b"KV-Operation: OTHER", b"Nats-Marker-Reason: Other", b"X: KV-Operation: DEL")


def creator(messages: int, window: int) -> RequestClient:
    plan = ClientPlan(
        workload="w",
        index=2,
        messages=messages,
        key_value=KeyValuePlan(
            operation=KeyValueOperation.CREATE,
            bucket="b",
            prefix="0",
            keys=KEYS,
            value_bytes=5,
            window=window,
            timeout_ms=1000,
        ),
    )
    return started(
        key_value_client(plan, INBOX, Recorder("w", messages), SharedRecords("job", lambda: 0)),
        1,
        1_000,
    )


class Store:
    """A header and a sequence for each key that has a message."""

    def __init__(self) -> None:
        self.sequence = 100
        self.keys: dict[int, tuple[bytes, int]] = {}

    def put(self, key: int, header: bytes) -> None:
        self.sequence += 1
        self.keys[key] = (header, self.sequence)

    def answer(self, request: bytes) -> bytes:
        if found := _CREATE.fullmatch(request):
            key, expected = int(found[1]), int(found[3])
            last = self.keys.get(key, (b"", 0))[1]
            body = b'{"error":{"code":400,"err_code":10071,"description":"wrong last sequence"}}'
            if last == expected:
                self.put(key, b"")
                body = b'{"stream":"KV_b","seq":%d}' % self.sequence
            return b"MSG _INBOX.test.%s 1 %d\r\n%s\r\n" % (found[2], len(body), body)
        found = _LOOK.fullmatch(request)
        assert found is not None, request
        header = b"NATS/1.0 404 Message Not Found\r\n\r\n"
        if int(found[1]) in self.keys:
            own, sequence = self.keys[int(found[1])]
            lines = [b"NATS/1.0", b"Nats-Stream: KV_b", b"Nats-Sequence: %d" % sequence]
            header = b"\r\n".join([*lines, *([own] if own else []), b"", b""])
        sizes = (len(header), len(header))
        return b"HMSG _INBOX.test.%s 1 %d %d\r\n%s\r\n" % (found[2], *sizes, header)


def requests(data: bytes) -> list[bytes]:
    found = [*_CREATE.finditer(data), *_LOOK.finditer(data)]
    assert sum(len(one[0]) for one in found) == len(data)
    return [one[0] for one in sorted(found, key=re.Match.start)]


@given(
    st.lists(st.sampled_from([None, *DEAD, *ALIVE]), min_size=KEYS, max_size=KEYS),
    st.integers(1, KEYS),
    st.data(),
)
def test_what_is_not_there_any_more_is_created(
    before: list[bytes | None], window: int, data: st.DataObject
) -> None:
    store, workload, now = Store(), creator(KEYS, window), 1
    for key, header in enumerate(before):
        if header is not None:
            store.put(key, header)
    waiting: list[bytes] = []
    while not workload.done:
        while out := workload.next_bytes(now):
            waiting += requests(out)
        now += 1
        place = data.draw(st.integers(0, len(waiting) - 1))
        feed(workload, store.answer(waiting.pop(place)), now)
    alive = sum(header in ALIVE for header in before)
    tally = workload.recorder.tally()
    assert (tally.attempted, tally.messages, tally.bytes) == (
        KEYS,
        KEYS - alive,
        5 * KEYS - 5 * alive,
    )
    assert errors(tally).get(ErrorClass.WRONG_SEQUENCE, 0) == alive


def test_who_is_quicker_has_the_key() -> None:
    store, workload = Store(), creator(1, 1)
    store.put(0, DEAD[0])
    feed(workload, store.answer(workload.next_bytes(1)), 2)
    feed(workload, store.answer(workload.next_bytes(2)), 3)
    second = workload.next_bytes(3)
    store.put(0, b"")
    feed(workload, store.answer(second), 4)
    assert workload.done
    assert errors(workload.recorder.tally()) == {ErrorClass.WRONG_SEQUENCE: 1}


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("ends", ["late", "broken"])
def test_a_create_that_is_over_goes_no_further(steps: int, ends: str) -> None:
    store, workload = Store(), creator(2, 1)
    store.put(0, DEAD[0])
    out = workload.next_bytes(1)
    for now in range(2, 1 + steps):
        feed(workload, store.answer(out), now)
        out = workload.next_bytes(now)
    if ends == "late":
        workload.on_time(2_000_000_000)
    else:
        workload.on_disconnect("gone", 2_000_000_000)
    feed(workload, store.answer(out), 2_000_000_001)
    after = workload.next_bytes(2_000_000_002)
    assert [found[1] for found in _CREATE.finditer(after)] == [b"1"], "the next key, nothing else"
    assert len(requests(after)) == 1
    feed(workload, store.answer(after), 2_000_000_003)
    tally = workload.recorder.tally()
    error_class = ErrorClass.TIMEOUT if ends == "late" else ErrorClass.DISCONNECTED
    assert (tally.messages, errors(tally)) == (1, {error_class: 1})
    assert workload.done
