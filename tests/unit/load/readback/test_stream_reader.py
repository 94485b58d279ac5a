"""Reading a stream to its end: what is asked, byte for byte, and nothing skipped or taken twice."""

import json
import re
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.readback import RangeResult
from njst.load.readback.pull_sizes import MOST_PULL_BYTES, PULL, PULL_BYTES
from njst.load.readback.stream_reader import (
    AGAIN_NS,
    BEHIND_NS,
    PATIENCE_NS,
    SILENT_NS,
    ReaderSettings,
    StreamReader,
)
from njst.verification.range_codec import decode

WHERE = ReaderSettings(api="$JS.API", stream="S", after=10, consumer="me", inbox="_INBOX.x")
SECOND = 1_000_000_000


class Reader:
    """A reading, and what it took."""

    def __init__(self, upto: int | None = None) -> None:
        self.taken: list[bytes] = []
        self.reading = StreamReader(replace(WHERE, upto=upto), self.take)

    def take(self, data: bytes, at: object, sizes: object) -> None:
        assert isinstance(at, list)
        assert isinstance(sizes, list)
        self.taken += [data[begin : begin + size] for begin, size in zip(at, sizes, strict=True)]

    def start(self, last: int, pending: int, replicas: int = 1, now_ns: int = 1) -> bytes:
        """Open, and hear where the end is and that a consumer is there."""
        self.reading.open(now_ns)
        self.reading.feed(info(1, last, replicas), now_ns)
        return self.reading.feed(made(1, pending), now_ns)


def answer(number: int, name: str, document: object) -> bytes:
    payload = json.dumps(document).encode()
    return b"MSG _INBOX.x.%d.%s %d %d\r\n%s\r\n" % (
        number,
        name.encode(),
        number,
        len(payload),
        payload,
    )


def info(number: int, last: int, replicas: int = 1, first: int = 1, **config: object) -> bytes:
    document = {
        "state": {"first_seq": first, "last_seq": last, "messages": max(0, last - first + 1)},
        "config": {"num_replicas": replicas, **config},
    }
    return answer(number, "info", document)


def last_info(number: int, last: int, first: int = 1, **state: object) -> bytes:
    """The word of the stream when all is read and there were holes."""
    document = {
        "state": {"first_seq": first, "last_seq": last, "messages": 1, **state},
        "config": {"num_replicas": 1},
    }
    return answer(number, "last", document)


def made(number: int, pending: int, **config: object) -> bytes:
    return answer(number, "make", {"num_pending": pending, "config": config})


def delivery(number: int, sequence: int, place: int, header: bytes = b"") -> bytes:
    payload = b"%d" % sequence
    reply = b"$JS.ACK.S.me-%d.1.%d.%d.1700000000000000000.5" % (number, sequence, place)
    if header:
        sizes = b"%d %d" % (len(header), len(header) + len(payload))
        return b"HMSG s %d %s %s\r\n%s%s\r\n" % (number, reply, sizes, header, payload)
    return b"MSG s %d %s %d\r\n%s\r\n" % (number, reply, len(payload), payload)


def test_what_is_asked_is_these_bytes() -> None:
    reading = Reader().reading
    assert reading.open(1) == (
        b"SUB _INBOX.x.1.* 1\r\nPUB $JS.API.STREAM.INFO.S _INBOX.x.1.info 0\r\n\r\n"
    )
    made_with = reading.feed(info(1, 12), 1)
    head, _, body = made_with.partition(b"\r\n")
    assert re.fullmatch(rb"PUB \$JS\.API\.CONSUMER\.CREATE\.S\.me-1 _INBOX\.x\.1\.make \d+", head)
    assert json.loads(body) == {
        "stream_name": "S",
        "config": {
            "name": "me-1",
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": 11,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": 60 * SECOND,
            "mem_storage": True,
            "num_replicas": 1,
        },
    }
    pull = (
        b"PUB $JS.API.CONSUMER.MSG.NEXT.S.me-1 _INBOX.x.1.next-1 57\r\n"
        b'{"batch": 2, "expires": 2000000000, "max_bytes": 8388608}\r\n'
    )
    assert reading.feed(made(1, 2), 1) == pull
    assert reading.close() == b"PUB $JS.API.CONSUMER.DELETE.S.me-1 0\r\n\r\n"


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_every_split_gives_all_messages_once(headers: list[bool], data: st.DataObject) -> None:
    reader = Reader()
    count = len(headers)
    reader.start(last=10 + count, pending=count)
    whole = b"PING\r\n" + b"".join(
        delivery(1, 11 + n, 1 + n, b"NATS/1.0\r\nA: b\r\n\r\n" if has else b"")
        for n, has in enumerate(headers)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    out = b""
    for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        out += reader.reading.feed(whole[begin:end], 2)
    assert out.count(b"PONG\r\n") == 1
    assert reader.taken == [b"%d" % (11 + n) for n in range(count)]
    assert reader.reading.done


def asked(out: bytes) -> list[int]:
    """Return the sizes of the pulls."""
    return [int(size) for size in re.findall(rb'"batch": (\d+)', out)]


def test_two_pulls_are_in_flight_and_request_nothing_beyond_the_end() -> None:
    reader = Reader(upto=10 + 2 * PULL + 5)
    assert asked(reader.start(last=100_000, pending=99_990)) == [PULL, PULL]
    out = reader.reading.feed(b"".join(delivery(1, 10 + n, n) for n in range(1, PULL + 1)), 2)
    assert asked(out) == [5]


@given(
    st.sets(st.integers(11, 40)),
    st.integers(11, 40),
    st.integers(0, 5),
    st.sampled_from([1, 3, 99]),
)
def test_a_slice_has_what_is_up_to_its_end_and_nothing_behind_it(
    gone: set[int], upto: int, behind: int, chunk: int
) -> None:
    last = 40 + behind
    there = [sequence for sequence in range(11, last + 1) if sequence not in gone]
    reader = Reader(upto=upto)
    out = reader.start(last=last, pending=len(there))
    place, rounds = 0, 1
    while not reader.reading.done:
        if b".last " in out:
            reader.reading.feed(last_info(rounds, last), 2)
            break
        sent = there[place : place + sum(asked(out))]
        assert sent or not reader.reading.done
        frames = [delivery(rounds, s, n) for n, s in enumerate(sent, start=1)]
        out = b""
        for first in range(0, max(1, len(frames)), chunk):
            out += reader.reading.feed(b"".join(frames[first : first + chunk]), 2)
        place += len(sent)
        if b".last " not in out and not asked(out) and not reader.reading.done:
            rounds += 1
            reader.reading.on_time(2)
            reader.reading.feed(info(rounds, last), 2)
            out = reader.reading.feed(made(rounds, len(there) - place), 2)
    assert reader.taken == [b"%d" % sequence for sequence in there if sequence <= upto]


def test_what_is_behind_a_gap_is_read_again_with_what_was_in_it() -> None:
    reader = Reader()
    reader.start(last=14, pending=4)
    reader.reading.feed(delivery(1, 11, 1) + delivery(1, 13, 3), 2)
    again = reader.reading.on_time(2)
    left = b"UNSUB 1\r\nPUB $JS.API.CONSUMER.DELETE.S.me-1 0\r\n\r\n"
    assert again.startswith(left + b"SUB _INBOX.x.2.* 2\r\n")
    assert b'"opt_start_seq": 12' in reader.reading.feed(info(2, 14), 3)
    late = delivery(1, 14, 4)
    now = b"".join(delivery(2, 12 + n, 1 + n) for n in range(3))
    reader.reading.feed(made(2, 3) + late + now, 3)
    assert reader.taken == [b"11", b"12", b"13", b"14"]
    assert reader.reading.done


def test_a_stream_that_is_gone_or_has_nothing_new_is_read() -> None:
    for said in (info(1, 10), answer(1, "info", {"error": {"err_code": 10059}})):
        reader = Reader()
        reader.reading.open(1)
        reader.reading.feed(said, 1)
        assert reader.reading.done
        assert reader.taken == []


def test_the_last_ones_may_be_gone_or_this_server_is_behind() -> None:
    alone = Reader()
    alone.start(last=12, pending=0)
    alone.reading.feed(last_info(1, 12), 1)
    assert alone.reading.done, "there is no other server that has more"
    reader = Reader()
    reader.start(last=12, pending=0, replicas=3)
    now, number = 1, 1
    while not reader.reading.done:
        now += AGAIN_NS
        number += 1
        assert reader.reading.on_time(now)
        reader.reading.feed(info(number, 12, 3), now)
        if b".last " in reader.reading.feed(made(number, 0), now):
            reader.reading.feed(last_info(number, 12), now)
    assert BEHIND_NS <= now < BEHIND_NS + 2 * AGAIN_NS


def test_a_server_that_was_behind_and_catches_up_is_read() -> None:
    reader = Reader()
    reader.start(last=12, pending=1, replicas=3)
    reader.reading.feed(delivery(1, 11, 1), 2)
    assert not reader.reading.done
    reader.reading.on_time(2)
    reader.reading.feed(info(2, 12, 3), 2)
    reader.reading.feed(made(2, 1) + delivery(2, 12, 1), 2)
    assert reader.taken == [b"11", b"12"]
    assert reader.reading.done


def test_reader_retries_after_refusal_or_silence_and_gives_up_in_the_end() -> None:
    reader = Reader()
    reader.reading.open(1)
    refusal = {"error": {"err_code": 10008, "description": "no leader"}}
    reader.reading.feed(answer(1, "info", refusal), 1)
    assert reader.reading.on_time(AGAIN_NS) == b""
    assert b"STREAM.INFO" in reader.reading.on_time(AGAIN_NS + 1)
    assert b"STREAM.INFO" in reader.reading.on_time(AGAIN_NS + 1 + SILENT_NS)
    assert not reader.reading.problem
    reader.reading.on_time(PATIENCE_NS + 1)
    assert reader.reading.problem == "no leader (10008)"
    assert not reader.reading.done


def status(words: bytes, number: int = 1, pull: int = 1, pending: int | None = None) -> bytes:
    header = b"NATS/1.0 %s\r\n" % words
    if pending is not None:
        header += b"Nats-Pending-Messages: %d\r\nNats-Pending-Bytes: 0\r\n" % pending
    header += b"\r\n"
    size = len(header)
    return b"HMSG _INBOX.x.%d.next-%d %d %d %d\r\n%s\r\n" % (
        number,
        pull,
        number,
        size,
        size,
        header,
    )


def bounds(out: bytes) -> list[int]:
    """Return how many bytes each pull may bring."""
    return [int(size) for size in re.findall(rb'"max_bytes": (\d+)', out)]


def test_a_consumer_idles_no_longer_than_its_stream_allows() -> None:
    reading = Reader().reading
    reading.open(1)
    said = info(1, 12, consumer_limits={"inactive_threshold": 5 * SECOND, "max_ack_pending": 9})
    assert b'"inactive_threshold": 5000000000' in reading.feed(said, 1)


def test_no_more_is_asked_for_than_the_consumer_was_made_with() -> None:
    reader = Reader()
    reader.reading.open(1)
    reader.reading.feed(info(1, 1000), 1)
    out = reader.reading.feed(made(1, 990, max_batch=100, max_expires=SECOND, max_bytes=999), 1)
    assert asked(out) == [100, 100]
    assert bounds(out) == [999, 999]
    assert out.count(b'"expires": 1000000000') == 2


def test_a_server_that_allows_less_is_asked_for_less() -> None:
    reader = Reader()
    assert asked(reader.start(last=10_000, pending=9_990)) == [PULL, PULL]
    too_many = b"409 Exceeded MaxRequestBatch of 100"
    out = reader.reading.feed(status(too_many) + status(too_many, pull=2), 2)
    assert asked(out) == [100, 100]
    assert not reader.reading.problem


def test_a_pull_is_ended_by_its_bytes_and_grows_until_a_message_fits() -> None:
    reader = Reader()
    reader.start(last=20, pending=10)
    full = b"409 Message Size Exceeds MaxBytes"
    some = delivery(1, 11, 1) + delivery(1, 12, 2)
    out = reader.reading.feed(some + status(full, pending=8), 2)
    assert (asked(out), bounds(out)) == ([8], [PULL_BYTES]), "it went on after two of them"
    out = reader.reading.feed(status(full, pull=2, pending=8), 2)
    assert (asked(out), bounds(out)) == ([8], [2 * PULL_BYTES]), "not one had room"
    pull, size = 3, 2 * PULL_BYTES
    while size < MOST_PULL_BYTES:
        out = reader.reading.feed(status(full, pull=pull, pending=8), 2)
        pull, size = pull + 1, 2 * size
        assert bounds(out) == [size]
    assert reader.reading.feed(status(full, pull=pull, pending=8), 2) == b""
    reader.reading.on_time(PATIENCE_NS + 3)
    assert reader.reading.problem == "409 Message Size Exceeds MaxBytes"


def test_a_connection_that_broke_is_asked_for_less_at_once() -> None:
    reader = Reader()
    reader.start(last=20, pending=10)
    reader.reading.on_break("-ERR 'Slow Consumer'")
    reader.reading.open(2)
    reader.reading.feed(info(2, 20), 2)
    assert bounds(reader.reading.feed(made(2, 10), 2)) == [PULL_BYTES // 2]
    reader.reading.on_time(PATIENCE_NS + 3)
    assert reader.reading.problem == "-ERR 'Slow Consumer'"


def test_what_the_server_says_before_it_hangs_up_is_the_reason() -> None:
    reading = Reader().reading
    reading.open(1)
    denied = b"-ERR 'Permissions Violation for Publish to \"$JS.API.STREAM.INFO.S\"'\r\n"
    harmless = denied.replace(b"STREAM.INFO.S", b"CONSUMER.DELETE.S.me-1")
    assert reading.feed(harmless, 1) == b""
    assert not reading.problem
    assert reading.feed(denied, 1) == b""
    assert "Permissions Violation" in reading.problem
    with pytest.raises(ConnectionError, match="Authorization Violation"):
        Reader().reading.feed(b"-ERR 'Authorization Violation'\r\n", 1)


@given(st.sets(st.integers(11, 40)), st.integers(8, 35))
def test_sequences_without_a_message_are_told_exactly(there: set[int], first: int) -> None:
    last, left = 40, sorted(n for n in there if n >= first)
    first = left[0] if left else last + 1
    reader = Reader()
    reader.reading.open(1)
    reader.reading.feed(info(1, last, first=first), 1)
    reader.reading.feed(made(1, len(left)), 1)
    reader.reading.feed(b"".join(delivery(1, s, n) for n, s in enumerate(left, start=1)), 2)
    if not reader.reading.done:
        # The last ones are gone: the leader is asked again, and has nothing more.
        reader.reading.on_time(2)
        reader.reading.feed(info(2, last, first=first), 2)
        reader.reading.feed(made(2, 0), 2)
        for number in (1, 2):
            reader.reading.feed(last_info(number, last, first), 2)
    assert reader.reading.done
    assert reader.taken == [b"%d" % sequence for sequence in left]
    result = reader.reading.result()
    empty = set(range(11, last + 1)) - set(left)
    assert numbers_of(result.empty) == empty
    assert result.front == len({n for n in empty if n < first})
    assert result.inside == len(empty) - result.front
    assert (result.first_sequence, result.last_sequence) == (first, last)


def numbers_of(text: str | None) -> set[int]:
    assert text is not None
    entries = decode(text)
    return {n for entry in entries for begin, end in entry.ranges or () for n in range(begin, end)}


def test_reader_asks_at_the_end_what_was_deleted_meanwhile() -> None:
    reader = Reader()
    reader.start(last=14, pending=4)
    out = reader.reading.feed(delivery(1, 13, 1) + delivery(1, 14, 2), 2)
    assert out.endswith(b"PUB $JS.API.STREAM.INFO.S _INBOX.x.1.last 0\r\n\r\n")
    assert not reader.reading.done
    reader.reading.feed(last_info(1, 20, 14, num_deleted=3), 3)
    assert reader.reading.done
    result = reader.reading.result()
    assert (result.first_sequence, result.deleted, result.last_sequence) == (14, 3, 20)
    assert (result.front, result.inside) == (2, 0)


def test_lost_answer_about_the_end_is_asked_for_again() -> None:
    reader = Reader()
    reader.start(last=14, pending=4)
    reader.reading.feed(delivery(1, 13, 1) + delivery(1, 14, 2), 2)
    assert b"STREAM.INFO" in reader.reading.on_time(3 + SILENT_NS)
    reader.reading.feed(info(2, 20, first=15), 3 + SILENT_NS)
    assert reader.reading.done
    assert reader.taken == [b"13", b"14"]
    assert reader.reading.result().first_sequence == 15


def test_a_stream_that_is_gone_is_told_from_one_that_is_empty() -> None:
    gone, empty = Reader().reading, Reader().reading
    gone.open(1, "ID")
    gone.feed(answer(1, "info", {"error": {"err_code": 10059}}), 1)
    assert gone.result() == RangeResult(stream="S", is_gone=True, server="ID")
    empty.open(1, "ID")
    empty.feed(info(1, 0, first=0), 1)
    assert (empty.result().is_gone, empty.result().last_sequence) == (False, 0)


def test_a_work_queue_is_read_without_a_consumer() -> None:
    reader = Reader()
    reader.reading.open(1)
    out = reader.reading.feed(info(1, 14, first=12, retention="workqueue"), 1)
    assert out == (
        b'PUB $JS.API.STREAM.MSG.GET.S _INBOX.x.1.get 34\r\n{"seq": 12, "next_by_subj": ">"}\r\n'
    ).replace(b" 34\r", b" 32\r")
    one = {"message": {"seq": 13, "data": b64encode(b"13").decode()}}
    assert b'{"seq": 14,' in reader.reading.feed(answer(1, "get", one), 1)
    nothing = {"error": {"code": 404, "err_code": 10037, "description": "no message found"}}
    out = reader.reading.feed(answer(1, "get", nothing), 1)
    assert out == b"PUB $JS.API.STREAM.INFO.S _INBOX.x.1.last 0\r\n\r\n"
    again = info(1, 14, first=13, retention="workqueue").replace(b".info ", b".last ")
    reader.reading.feed(again, 1)
    assert reader.reading.done
    assert reader.taken == [b"13"]
    assert numbers_of(reader.reading.result().empty) == {11, 12, 14}
    assert reader.reading.close() == b""


@given(st.binary(max_size=60), st.sampled_from(["info", "make", "next"]))
def test_any_answer_is_an_answer_or_another_try(noise: bytes, name: str) -> None:
    reader = Reader()
    reader.reading.open(1)
    reader.reading.feed(b"MSG _INBOX.x.1.%s 1 %d\r\n%s\r\n" % (name.encode(), len(noise), noise), 1)
    assert reader.taken == []
