"""Frames made many at once are the bytes that one would write by hand."""

import zlib
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.payload import PayloadPlan
from njst.load.protocol import stamp
from njst.load.protocol.digits import numbers_of
from njst.load.templates.digit_columns import MOST_RUNS
from njst.load.templates.frame_cycle import FrameCycle, FrameRow
from njst.load.templates.open_frames import OPEN_SUBJECT, OpenFrames
from njst.load.templates.payloads import bodies


def row(subject: str, body: bytes, *, stamped: bool, back: int = 0) -> FrameRow:
    head = f"HPUB {subject} _INBOX.a.".encode()
    middle = b" 30 %d\r\nNATS/1.0\r\nId: x-" % (30 + len(body))
    mark = stamp.fixed(7, 9, body) + bytes(20) if stamped else b""
    frame = head + b"#" * 10 + middle + b"#" * 10 + b"\r\n\r\n" + mark + body + b"\r\n"
    return FrameRow(
        frame,
        token_at=len(head),
        id_at=len(head) + 10 + len(middle),
        id_back=back,
        stamp_at=len(head) + 20 + len(middle) + 4 if stamped else None,
    )


def by_hand(rows: list[FrameRow], number: int, time_ns: int, step: int) -> bytes:
    one = rows[number % len(rows)]
    frame = bytearray(one.frame)
    assert one.token_at is not None
    assert one.id_at is not None
    frame[one.token_at : one.token_at + 10] = b"%010x" % number
    frame[one.id_at : one.id_at + 10] = b"%010x" % (number // step - one.id_back)
    if one.stamp_at is not None:
        at = one.stamp_at
        frame[at + 12 : at + 32] = stamp.variable(bytes(frame[at : at + 12]), number, time_ns)
    return bytes(frame)


@st.composite
def cycles(draw: st.DrawFn) -> list[FrameRow]:
    stamped = draw(st.booleans())
    uniform = draw(st.booleans())
    count = draw(st.integers(1, 12))
    return [
        row(
            "a" if uniform else "a" * draw(st.integers(1, 5)),
            b"body" if uniform else draw(st.binary(max_size=9)),
            stamped=stamped,
            back=0,
        )
        for _ in range(count)
    ]


@given(
    cycles(), st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 2**63), st.integers(1, 5)
)
def test_a_chunk_is_its_frames_one_after_the_other(
    rows: list[FrameRow], first: int, count: int, time_ns: int, step: int
) -> None:
    cycle = FrameCycle(rows, id_step=step)
    numbers = range(first, first + count)
    expected = b"".join(by_hand(rows, n, time_ns, step) for n in numbers)
    assert cycle.encode(first, count, time_ns) == expected
    assert b"".join(cycle.encode(n, 1, time_ns) for n in numbers) == expected


@given(cycles(), st.booleans(), st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 2**62))
def test_prebuilt_frame_is_stamped_when_it_leaves(
    rows: list[FrameRow], is_open: bool, first: int, count: int, time_ns: int
) -> None:
    cycle = FrameCycle(rows)
    if is_open:
        rows = [row(OPEN_SUBJECT, b"body", stamped=True)]
        cycle = OpenFrames(rows, lambda number: b"s" * (number % 4 + 1))
    stamper = cycle.prebuilt(first, count)
    for place in range(count):
        assert stamper(place, time_ns + place) == cycle.encode(first + place, 1, time_ns + place)


@st.composite
def runs(draw: st.DrawFn) -> list[FrameRow]:
    """Rows as a batch has them: a few lengths, each for many rows, and some without a reply."""
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        one = row("a" * draw(st.integers(1, 3)), draw(st.binary(max_size=3)), stamped=True)
        has_token = draw(st.booleans())
        rows += [one if has_token else replace(one, token_at=None)] * draw(st.integers(1, 20))
    return rows


@given(
    runs(),
    st.sampled_from([0, 3, 990, 4080, 999_990, 16**5 - 7]),
    st.integers(13, 90),
    st.booleans(),
    st.integers(1, 30),
    st.sampled_from([0, 8, 32]),
)
def test_runs_of_equal_frames_over_the_ends_of_blocks(
    rows: list[FrameRow], first: int, count: int, decimal: bool, step: int, turns: int
) -> None:
    cycle = FrameCycle(rows, id_step=step, decimal=decimal, turns=turns)
    numbers = range(first, first + count)
    expected = b"".join(cycle.encode(n, 1, 5, shift=2) for n in numbers)
    assert cycle.encode(first, count, 5, shift=2) == expected


@given(
    runs(),
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(1, 90), st.integers(0, 2), st.integers(0, 9)),
        min_size=2,
        max_size=6,
    ),
)
def test_chunks_in_any_order(rows: list[FrameRow], chunks: list[tuple[int, int, int, int]]) -> None:
    cycle = FrameCycle(rows)
    for first, count, shift, time_ns in chunks:
        numbers = range(first, first + count)
        expected = b"".join(FrameCycle(rows).encode(n, 1, time_ns, shift=shift) for n in numbers)
        assert cycle.encode(first, count, time_ns, shift=shift) == expected


def test_a_cycle_of_many_lengths() -> None:
    rows = [row("a" * (1 + n % 2), b"body", stamped=True) for n in range(2 * MOST_RUNS)]
    expected = b"".join(by_hand(rows, n, 9, 1) for n in range(150))
    assert FrameCycle(rows).encode(0, 150, 9) == expected


def test_a_duplicate_has_the_id_of_the_message_before() -> None:
    rows = [row("a", b"", stamped=False), row("a", b"", stamped=False, back=1)]
    data = FrameCycle(rows).encode(0, 20, 0)
    ids = [line.removeprefix(b"Id: x-") for line in data.split(b"\r\n") if line[:3] == b"Id:"]
    assert [int(i, 16) for i in ids] == [n - n % 2 for n in range(20)]


def test_rows_without_digits_stay_as_they_are() -> None:
    rows = [FrameRow(b"PING\r\n"), FrameRow(b"PUB a r.0000000000 0\r\n\r\n", token_at=8)]
    assert FrameCycle(rows).encode(10, 20, 0) == b"".join(
        b"PING\r\nPUB a r.%010x 0\r\n\r\n" % n for n in range(11, 31, 2)
    )


@given(st.lists(st.integers(0, 2**40 - 1), min_size=1, max_size=50))
def test_tokens_are_read_back(numbers: list[int]) -> None:
    assert numbers_of([b"%010x" % n for n in numbers]).tolist() == numbers


def test_the_bytes_of_a_stamp() -> None:
    fixed = stamp.fixed(stamp.job_code("job"), stamp.producer_code(2, 5), b"body")
    whole = fixed + stamp.variable(fixed, 1, 1_700_000_000_000_000_000)
    assert len(whole) == stamp.SIZE
    assert whole[:4] == zlib.crc32(b"job").to_bytes(4, "little")
    assert whole[4:8] == bytes([5, 0, 0, 2])
    assert whole[16:24] == (1).to_bytes(8, "little")
    assert whole.hex() == WHOLE


# Job CRC, producer, body CRC, guard, sequence 1, time: a change here breaks mixed versions.
WHOLE = "f8e0d8fb05000002b20ba8dbde6be737010000000000000000002a36fe9c9717"


@given(st.binary(min_size=32, max_size=32), st.integers(0, 31), st.integers(1, 255))
def test_stamp_differs_from_other_bytes_and_from_any_changed_byte(
    noise: bytes, place: int, change: int
) -> None:
    fixed = stamp.fixed(1, 2, noise)
    good = fixed + stamp.variable(fixed, 77, 88)
    bad = bytearray(good)
    bad[place] ^= change
    data = np.frombuffer(good + bytes(bad) + noise, dtype=np.uint8)
    stamps = stamp.read(data, np.array([0, 32, 64]))
    assert stamp.genuine(stamps)[:2].tolist() == [True, False]
    assert stamps["sequence"][0] == 77
    assert stamps["time_ns"][0] == 88


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 100), st.integers(1, 40))
def test_bodies_have_the_sizes_and_blanks_asked_for(
    low: int, span: int, blank: int, count: int
) -> None:
    plan = PayloadPlan(bytes_min=low, bytes_max=low + span, compressible_percent=blank)
    made = bodies(plan, count, 3)
    sizes = sorted(map(len, made))
    assert len(made) == count
    assert low <= sizes[0]
    assert sizes[-1] <= low + span
    if count > 1:
        assert (sizes[0], sizes[-1]) == (low, low + span)
    for body in made:
        assert body.endswith(b" " * (len(body) * blank // 100))
    assert bodies(plan, count, 3) == made
    if low > 8 and blank < 50:
        assert bodies(plan, count, 4) != made
        assert made[0].strip(b"\0")


def test_reused_tokens_repeat_after_each_round() -> None:
    rows = [FrameRow(b"PUB a r.0000000000 0\r\n\r\n", token_at=8)] * 5
    data = FrameCycle(rows, turns=4).encode(2, 20, 0, shift=8)
    assert data == b"".join(b"PUB a r.%010x 0\r\n\r\n" % (8 + n % 4) for n in range(2, 22))
