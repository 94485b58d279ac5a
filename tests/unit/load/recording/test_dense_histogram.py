"""The fast way into a histogram and the slow one are the same, however values arrive."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from njst.load.recording.dense_histogram import DenseHistogram
from njst.stats.histogram import HIGHEST_US, LENGTH, Histogram, highest_of

latencies_ns = st.one_of(
    st.integers(-5_000, 3_000_000),
    st.integers(0, 2_000 * HIGHEST_US),
    st.integers(-(2**62), 2**62),
    # Either side of each power of two, where a slot's width changes.
    st.builds(
        lambda bits, off: max(0, (1 << bits) + off) * 1_000,
        st.integers(0, 26),
        st.sampled_from([-1, 0, 1]),
    ),
)


@given(st.lists(st.lists(latencies_ns, max_size=40), max_size=10))
@example([[999, 1_000, 1_999, 2_000]])
def test_any_chunking_is_the_slow_path(chunks: list[list[int]]) -> None:
    recorder = DenseHistogram()
    for number, chunk in enumerate(chunks):
        # Load hands over lists and arrays.
        recorder.record_ns(np.array(chunk, dtype=np.int64) if number % 2 else chunk)
    slow = Histogram.of(ns // 1_000 for chunk in chunks for ns in chunk)
    assert recorder.histogram() == slow


@given(st.lists(latencies_ns, max_size=50), st.lists(latencies_ns, max_size=50))
def test_a_histogram_that_was_taken_does_not_change_later(
    before: list[int], later: list[int]
) -> None:
    recorder = DenseHistogram()
    recorder.record_ns(before)
    taken = recorder.histogram()
    recorder.record_ns(later)
    assert taken == Histogram.of(ns // 1_000 for ns in before)
    assert recorder.histogram() - taken == Histogram.of(ns // 1_000 for ns in later)


def test_the_callers_array_stays_as_it_was() -> None:
    latencies = np.array([-7, 5_000, 10**15], dtype=np.int64)
    DenseHistogram().record_ns(latencies)
    assert latencies.tolist() == [-7, 5_000, 10**15]


@given(
    st.dictionaries(
        st.integers(0, LENGTH - 1),
        st.one_of(st.integers(1, 70), st.integers(1, 2**50)),
        max_size=30,
    )
)
def test_what_is_encoded_in_bulk_is_what_a_sparse_one_encodes(counts: dict[int, int]) -> None:
    dense = DenseHistogram()
    for slot, count in counts.items():
        dense.record_times(1_000 * highest_of(slot), count)
    assert dense.encode() == Histogram(counts).encode()


def test_new_counts_are_those_since_the_last_time() -> None:
    dense = DenseHistogram()
    dense.record_ns([5_000, 7_000])
    assert dense.take_new().histogram() == Histogram.of([5, 7])
    dense.record_ns([7_000])
    new = dense.take_new()
    assert (new.histogram(), new.encode()) == (Histogram.of([7]), Histogram.of([7]).encode())
    assert dense.take_new().encode() == ""
    assert dense.histogram() == Histogram.of([5, 7, 7])
