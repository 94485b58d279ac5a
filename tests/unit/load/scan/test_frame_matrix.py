"""Frames of one shape: exactly those that are alike, found by looking at each of them as well."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from njst.load.protocol.reply_tokens import ReusedTokens
from njst.load.protocol.request_numbers import as_list
from njst.load.scan.frame_matrix import CountedFrameShape, FrameShape, Framing
from njst.load.scan.puback_runs import PubAckScanner

HEAD = re.compile(rb"MSG (\S+) 1 (\d+)\r\n")
INBOX = "_INBOX.a1"


def message(subject: bytes, payload: bytes) -> bytes:
    return b"MSG %s 1 %d\r\n%s\r\n" % (subject, len(payload), payload)


def frames(data: bytes) -> list[bytes]:
    """The frames of `data` by their own sizes, as far as they are whole."""
    found, at = [], 0
    while head := HEAD.match(data, at):
        end = head.end() + int(head[2]) + 2
        if end > len(data) or data[end - 2 : end] != b"\r\n":
            break
        found.append(data[at:end])
        at = end
    return found


def alike(data: bytes) -> list[bytes]:
    """What a shape takes when the number at the end of a subject may differ."""
    first = HEAD.match(data)
    assert first is not None
    number = (first.end(1) - 4, first.end(1))
    frame = data[: first.end() + int(first[2]) + 2]
    rows = FrameShape(frame, first.end(), [number]).matrix(data, 0, fewest=1)
    assert rows is not None
    return [rows.row(n) for n in range(len(rows))]


subjects = st.one_of(
    st.integers(0, 9999).map(lambda n: b"a.%04d" % n),
    st.integers(0, 9999).map(lambda n: b"b.%04d" % n),
    st.sampled_from([b"a.12:4", b"a.12/4", b"a.00000", b"\xb1.0001"]),
)
payloads = st.sampled_from([b"xyz", b"abc", b"\r\nMSG", b"0123456789"])


@given(st.lists(st.builds(message, subjects, payloads), max_size=30), st.data())
def test_it_takes_the_first_frames_as_long_as_they_are_alike(
    tail: list[bytes], draw: st.DataObject
) -> None:
    data = b"".join([message(b"a.0007", b"xyz"), *tail])
    first_end = len(message(b"a.0007", b"xyz"))
    data = data[: draw.draw(st.integers(first_end, len(data)))]
    whole = frames(data)
    wanted = []
    for frame in whole:
        if len(frame) != first_end or not re.match(rb"MSG a\.\d{4} 1 3\r\n", frame):
            break
        wanted.append(frame)
    assert alike(data) == wanted


def test_a_frame_that_does_not_end_where_it_should_is_not_taken() -> None:
    good = message(b"a.0001", b"xyz")
    assert alike(good + good[:-2] + b"..") == [good]
    assert alike(good + good[:-1]) == [good]


def test_parts_that_are_free_are_not_looked_at() -> None:
    data = b"".join(message(b"a.%s" % word, b"x") for word in (b"0000", b"\xff !?", b"beef"))
    frame = data[: len(data) // 3]
    assert len(FrameShape(frame, 14, [], [(6, 10)]).matrix(data, 0, fewest=1) or ()) == 3
    assert len(FrameShape(frame, 14, []).matrix(data, 0, fewest=1) or ()) == 1


@given(
    st.sampled_from([0, 7, 4090, 16**5 - 20]),
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 50), st.integers(0, 60 * 30), st.booleans()),
        min_size=1,
        max_size=5,
    ),
)
def test_frames_are_counted_up_to_the_first_that_has_another_number(
    first: int, chunks: list[tuple[int, int, int, bool]]
) -> None:
    shape = None
    for step, count, at, is_broken in chunks:
        first += step
        sent = [
            message(b"a.%010x" % number, b"%03d" % (number % 1000))
            for number in range(first, first + count)
        ]
        data = bytearray(b"".join(sent))
        size = len(sent[0])
        if is_broken:
            data[at % len(data)] ^= 0x81
        if shape is None:
            shape = CountedFrameShape(sent[0], [(size - 5, size - 2)], (6, 16), 20)
        expected = min(count, 20, at % len(data) // size if is_broken else count)
        assert shape.count(b"PING\r\n" + data, 6, first) == expected
        first += count


def test_columns_between_constant_parts_are_what_the_last_one_was_or_not() -> None:
    framing = Framing(b"<", b">;")
    for rows in (["ab", "cd", "ef"], ["gh"], ["ij", "kl"], ["mno"], ["p"] * 9):
        column = np.array([list(row.encode()) for row in rows], dtype=np.uint8)
        assert framing.joined(column) == "".join(f"<{row}>;" for row in rows).encode()


def ack(number: int, sequence: int, extra: str = "") -> bytes:
    body = b'{"stream":"S", "seq":%d%s}' % (sequence, extra.encode())
    return message(b"%s.%010x" % (INBOX.encode(), number), body)


acks = st.builds(
    ack,
    st.integers(0, 2**40 - 1),
    st.integers(1, 30) | st.integers(90, 120),
    st.sampled_from(["", "", "", ',"duplicate": true', ',"domain":"hub"']),
)
others = st.sampled_from(
    [
        b"PING\r\n",
        message(b"_INBOX.a1.00000000zz", b'{"stream":"S", "seq":7}'),
        message(b"_INBOX.a1.0000000001", b'{"error":{"code":503}}'),
        message(b"_INBOX.b1.0000000001", b'{"stream":"S", "seq":7}'),
        b"-ERR 'no'\r\n",
    ]
)


def numbers(data: bytes) -> list[int]:
    return [int(re.findall(rb"\.([0-9a-f]{10}) ", frame)[0], 16) for frame in frames(data)]


@given(
    st.lists(st.integers(1, 60).flatmap(lambda n: st.lists(acks, min_size=n, max_size=n))),
    st.lists(others, max_size=1),
    st.data(),
)
def test_acknowledgements_are_read_to_the_last_and_no_further(
    runs: list[list[bytes]], other: list[bytes], draw: st.DataObject
) -> None:
    plain = b"".join(b"".join(run) for run in runs)
    data = plain + b"".join(other)
    data = data[: draw.draw(st.integers(0, len(data)))]
    found, taken = PubAckScanner(INBOX).scan(data)
    assert taken <= len(plain)
    assert as_list(found) == numbers(data[:taken])
    # What is left over when nothing else is there is less than one acknowledgement.
    if data == plain[: len(data)]:
        assert frames(data[taken:]) == []


def test_many_of_one_shape_and_the_others_between_them() -> None:
    sent = [ack(n, 90 + n) for n in range(40)] + [ack(99, 130, ',"duplicate": true')]
    sent += [ack(n, 100 + n) for n in range(40, 80)]
    found, taken = PubAckScanner(INBOX).scan(b"".join(sent))
    assert as_list(found) == [*range(40), 99, *range(40, 80)]
    assert taken == len(b"".join(sent))


def test_a_number_that_is_none_ends_what_is_taken() -> None:
    strange = message(b"%s.00000000zz" % INBOX.encode(), b'{"stream":"S", "seq":11}')
    data = b"".join(ack(n, 10 + n) for n in range(20)) + strange
    found, taken = PubAckScanner(INBOX).scan(data)
    assert as_list(found) == list(range(20))
    assert data[taken:] == strange


def test_frames_like_the_last_run_are_recognised_and_no_others() -> None:
    acks = PubAckScanner(INBOX)
    first = b"".join(ack(n, 100 + n) for n in range(40))
    found, taken = acks.scan(first)
    assert taken == len(first)
    later = b"".join(ack(n, 200 + n) for n in range(40, 80))
    found, taken = acks.scan(later)
    assert as_list(found) == list(range(40, 80))
    assert taken == len(later)
    assert acks.scan(later.replace(b"seq", b"sec")) == (range(0), 0)
    assert acks.scan(later.replace(b'":2', b'":x')) == (range(0), 0)


def test_more_in_order_than_are_compared_at_once() -> None:
    acks = PubAckScanner(INBOX)
    for first in (0, 1300):
        sent = [ack(n, 10_000 + n) for n in range(first, first + 1300)]
        assert acks.scan(b"".join(sent)) == (range(first, first + 1300), len(b"".join(sent)))


def test_acks_of_reused_tokens_belong_to_the_last_requests() -> None:
    tokens = ReusedTokens(window=1)
    acks = PubAckScanner(INBOX, tokens)
    first = 0
    for count in [200] * 10:
        tokens.use(first, count, first)
        sent = b"".join(ack(tokens.of(n), 10_000 + n) for n in range(first, first + count))
        found, taken = acks.scan(sent)
        assert (as_list(found), taken) == (list(range(first, first + count)), len(sent))
        first += count
    assert acks.alone(ack(tokens.of(first - 1), 1)) == first - 1
