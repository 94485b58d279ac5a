"""Histograms: HDR's layout and encoding to the byte, and merges that lose nothing."""

import base64
import struct
import zlib
from collections.abc import Iterator

import pytest
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from njst.stats.histogram import HIGHEST_US, LENGTH, Histogram, highest_of, index_of

PERCENTILES = (0, 1, 10_000, 50_000, 90_000, 99_000, 99_900, 99_999, 100_000)

# Small and large alike: a uniform draw up to 60 s would hardly ever see a microsecond.
values_us = st.one_of(
    st.integers(0, 4096), st.integers(0, HIGHEST_US), st.integers(0, 2 * HIGHEST_US)
)
samples = st.lists(values_us, max_size=200)
histograms = samples.map(Histogram.of)
# Counts that no test could record one by one, up to the last one that HDR has.
heavy = st.dictionaries(
    st.integers(0, LENGTH - 1), st.integers(1, 2**63 - 1), min_size=1, max_size=20
).map(Histogram)

OUTER_BYTES = 8
HEADER_BYTES = 40


def exact_percentile(values: list[int], per_hundred_thousand: int) -> int:
    """The nearest-rank definition, on the values themselves."""
    rank = max(1, -(-len(values) * per_hundred_thousand // 100_000))
    return sorted(values)[rank - 1]


@given(st.one_of(histograms, heavy))
def test_what_is_encoded_is_decoded(histogram: Histogram) -> None:
    assert Histogram.decode(histogram.encode()) == histogram


@given(histograms, histograms, histograms)
def test_merging_is_associative_and_commutative(a: Histogram, b: Histogram, c: Histogram) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Histogram() == a


@given(samples, samples)
def test_a_merge_is_the_histogram_of_all_values(a: list[int], b: list[int]) -> None:
    assert Histogram.of(a) + Histogram.of(b) == Histogram.of(a + b)


@given(samples, samples)
def test_what_came_later_is_the_difference(before: list[int], later: list[int]) -> None:
    difference = Histogram.of(before + later) - Histogram.of(before)
    assert difference == Histogram.of(later)
    assert difference.count == len(later)


@given(st.lists(st.integers(0, HIGHEST_US), min_size=1, max_size=300))
def test_percentiles_are_within_a_thousandth_of_the_exact_ones(values: list[int]) -> None:
    histogram = Histogram.of(values)
    for percentile in PERCENTILES:
        exact, found = exact_percentile(values, percentile), histogram.percentile(percentile)
        assert exact <= found, "a latency is never shown better than it was"
        assert (found - exact) * 1000 <= exact
        assert index_of(found) == index_of(exact), "the same slot of the grid"


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_the_percentile_is_the_nearest_rank_for_any_number_of_values(counts: list[int]) -> None:
    values = [slot for slot, count in enumerate(counts) for _ in range(count)]
    histogram = Histogram.of(values)
    for percentile in PERCENTILES:
        assert histogram.percentile(percentile) == exact_percentile(values, percentile)


@given(st.integers(0, HIGHEST_US))
def test_a_slot_holds_its_own_highest_value_and_not_the_next(value_us: int) -> None:
    slot = index_of(value_us)
    assert 0 <= slot < LENGTH
    assert value_us <= highest_of(slot)
    assert index_of(min(highest_of(slot), HIGHEST_US)) == slot
    if highest_of(slot) < HIGHEST_US:
        assert index_of(highest_of(slot) + 1) == slot + 1


def test_a_latency_of_minutes_or_days_is_told_as_what_it_is() -> None:
    for value_us in (61_000_000, 75_000_000, 86_400_000_000):
        histogram = Histogram.decode(Histogram.of([5, value_us]).encode())
        assert value_us <= histogram.percentile(100_000) <= value_us * 1.001


def test_values_above_the_highest_are_put_into_its_slot() -> None:
    assert Histogram.of([HIGHEST_US + 1, 10**15]) == Histogram.of([HIGHEST_US] * 2)


def test_histogram__no_value_over_a_minute__has_the_older_layout() -> None:
    body = zlib.decompress(base64.b64decode(Histogram.of([5, 60_000_000]).encode())[OUTER_BYTES:])
    assert struct.unpack(">iiiiqqd", body[:HEADER_BYTES])[2:] == (0, 3, 1, 60_000_000, 1.0)


def test_values_below_zero_count_as_zero() -> None:
    assert Histogram.of([-1, -(10**9)]).percentile(100_000) == 0


def test_an_empty_histogram_has_no_percentiles_and_an_empty_text() -> None:
    assert Histogram().encode() == ""
    assert Histogram.decode("") == Histogram()
    assert Histogram().count == 0
    with pytest.raises(ValueError, match="no percentiles"):
        Histogram().percentile(50_000)


def test_counts_of_zero_make_no_difference() -> None:
    assert Histogram({5: 0, 7: 2}) == Histogram({7: 2})
    assert hash(Histogram({7: 2, 5: 1})) == hash(Histogram({5: 1, 7: 2}))


# Every kind of a count array's bytes: a value, a run of zeros, a run of several bytes, the last
# slot. Written down from the HdrHistogram V2 description, not from what `encode` returned.
GOLDEN_PAYLOAD = bytes.fromhex(
    "1c849313"  # cookie: V2, with the word size nibble
    "0000000a"  # bytes of counts
    "00000000"  # normalizing index offset
    "00000003"  # significant digits
    "0000000000000001"  # lowest
    "0000000003938700"  # highest, 60,000,000
    "3ff0000000000000"  # conversion ratio, 1.0
    "01"  # slot 0: a run of one zero
    "04"  # slot 1: 2
    "02"  # slot 2: 1
    "f91f"  # a run of 2045 zeros
    "04"  # slot 2048: 2, because 2048 and 2049 us share it
    "cbec01"  # a run of 15,142 zeros
    "04"  # slot 17,191: 2, 60 s and one above it
)
GOLDEN_TEXT = "HISTFAAAACh4nJNpmSzMwMDAxQABzFCaEcyZ3M5g/wEqwML0U57l9BtGFgB5OQaA"


def test_the_encoding_is_hdr_v2_to_the_byte() -> None:
    histogram = Histogram.of([1, 1, 2, 2048, 2049, 60_000_000, 60_000_000])
    data = base64.b64decode(histogram.encode())
    assert struct.unpack(">ii", data[:OUTER_BYTES]) == (0x1C849314, len(data) - OUTER_BYTES)
    # Compared unpacked: how zlib packs the same bytes is its own affair.
    assert zlib.decompress(data[OUTER_BYTES:]) == GOLDEN_PAYLOAD
    assert Histogram.decode(GOLDEN_TEXT) == histogram


def test_a_count_of_nine_bytes_ends_with_a_whole_one() -> None:
    """The ninth byte of HDR's LEB128 has 8 bits, so that 64 fit into nine."""
    histogram = Histogram({0: 2**62})
    counts = zlib.decompress(base64.b64decode(histogram.encode())[OUTER_BYTES:])[HEADER_BYTES:]
    assert counts == b"\x80" * 9
    assert Histogram.decode(histogram.encode()) == histogram


@settings(max_examples=25)
@given(st.lists(st.integers(0, HIGHEST_US), min_size=1, max_size=100))
def test_the_reference_implementation_reads_and_writes_the_same(values: list[int]) -> None:
    reference = HdrHistogram(1, HIGHEST_US, 3)
    for value in values:
        reference.record_value(value)
    ours = Histogram.of(values)
    assert Histogram.decode(reference.encode().decode()) == ours
    read = HdrHistogram.decode(ours.encode())
    for percentile in (50.0, 99.0, 100.0):
        theirs = min(read.get_value_at_percentile(percentile), HIGHEST_US)
        assert theirs == ours.percentile(int(percentile * 1000))


def pack(payload: bytes, cookie: int = 0x1C849314, length: int | None = None) -> str:
    body = zlib.compress(payload)
    head = struct.pack(">ii", cookie, len(body) if length is None else length)
    return base64.b64encode(head + body).decode()


def header(  # the defaults are those of a good one
    size: int = 1,
    *,
    cookie: int = 0x1C849313,
    offset: int = 0,
    digits: int = 3,
    highest: int = HIGHEST_US,
    ratio: float = 1.0,
) -> bytes:
    return struct.pack(">iiiiqqd", cookie, size, offset, digits, 1, highest, ratio)


def garbage() -> Iterator[tuple[str, str]]:
    good = Histogram.of([5]).encode()
    yield "no base64", "not base64!"
    yield "no ASCII", "\u00e4" * 8
    yield "base64 of nothing much", "AAAA"
    yield "another cookie outside", pack(header() + b"\x02", cookie=0x1C849304)
    yield "no zlib", base64.b64encode(struct.pack(">ii", 0x1C849314, 4) + b"abcd").decode()
    yield "cut in the middle", good[: len(good) // 2 // 4 * 4]
    yield "a header that ends early", pack(header()[:20])
    yield "another cookie inside", pack(header(cookie=0x1C849303) + b"\x02")
    yield "two digits", pack(header(digits=2) + b"\x02")
    yield "another highest", pack(header(highest=3_600_000_000) + b"\x02")
    yield "shifted slots", pack(header(offset=7) + b"\x02")
    yield "another unit", pack(header(ratio=1000.0) + b"\x02")
    yield "a count that ends early", pack(header() + b"\x82")
    yield "fewer counts than it says", pack(header(5) + b"\x02")
    yield "more counts than it says", pack(header(1) + b"\x02\x02")
    yield "a negative length", pack(header(-1) + b"\x02\x02")
    yield "more counts than slots", pack(header(LENGTH + 1) + b"\x02" * (LENGTH + 1))
    yield "a value beyond the slots", pack(header(6) + b"\xff\xff\xff\x7f" + b"\x02\x02")
    yield "too much when unpacked", pack(header() + b"\x02" * (2 * 1024 * 1024))


@pytest.mark.parametrize("text", [pytest.param(text, id=what) for what, text in garbage()])
def test_garbage_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"HDR|base64|ASCII|ends within a number"):
        Histogram.decode(text)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_noise_is_never_another_error(noise: str | bytes) -> None:
    text = base64.b64encode(noise).decode() if isinstance(noise, bytes) else noise
    try:
        Histogram.decode(text)
    except ValueError:
        return
    assert text == "", "noise is no histogram"


@given(histograms.filter(lambda h: h.count > 0), st.data())
def test_a_damaged_text_is_refused_or_read_as_some_histogram(
    histogram: Histogram, data: st.DataObject
) -> None:
    """Bytes of the counts changed behind zlib's checksum: any outcome but another error."""
    payload = bytearray(
        zlib.decompress(base64.b64decode(histogram.encode())[OUTER_BYTES:])[HEADER_BYTES:]
    )
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] = data.draw(st.integers(0, 255))
    try:
        read = Histogram.decode(pack(header(len(payload)) + bytes(payload)))
    except ValueError:
        return
    assert read.count >= 0
