"""Both parts of a delivery's time, each message's own or that of one before it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.consume import ClockPlan
from njst.load.recording.hop_latency import SAMPLES, HopLatency, sampling_stride
from njst.load.recording.recorder import Recorder
from njst.stats.histogram import Histogram
from njst.stats.tally_merge import totals

MS = 1_000_000
OFFSET_NS = 1_700_000_000_000 * MS
CLOCK = ClockPlan(offset_ns=OFFSET_NS, error_ns=30_000, at_ns=1_000 * MS)


@given(st.integers(1, 5 * SAMPLES))
def test_every_message_is_in_both_parts_once(count: int) -> None:
    recorder = Recorder("r", None)
    now_ns, step = 2_000 * MS, sampling_stride(count)
    stored = [OFFSET_NS + now_ns - 7 * MS for _ in range(count)]
    latencies = np.full(count, 10 * MS, dtype=np.int64)
    HopLatency(CLOCK, recorder).take(latencies, stored[::step], step, now_ns)
    result = totals("r", "", [recorder.tally()])
    assert Histogram.decode(recorder.tally().stored).count == count
    assert Histogram.decode(recorder.tally().delivered).count == count
    assert result.stored_microseconds is not None
    assert result.delivered_microseconds is not None
    assert result.stored_microseconds.p50 == Histogram.of([3000]).percentile(50_000)
    assert result.delivered_microseconds.max == Histogram.of([7000]).percentile(100_000)
    # Half a round trip, and what two clocks may drift apart in a second.
    assert result.store_clock_error_microseconds == 30 + 50


def test_small_chunks_are_measured_whole_and_large_ones_sampled() -> None:
    assert sampling_stride(1) == sampling_stride(SAMPLES) == 1
    for count in (SAMPLES + 1, 500, 5000):
        assert SAMPLES <= -(-count // sampling_stride(count)) < 2 * SAMPLES
