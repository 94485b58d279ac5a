"""Latency of a message in two hops: publisher to store, and store to consumer.

Every delivery has the time at which the message was stored, by the clock of the storing server. A
chunk of deliveries is sampled evenly, so the cost of a message falls with the size of the chunk.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.contract.kinds.consume import ClockPlan
from njst.load.recording.recorder import Nanoseconds, Recorder

# Smaller chunks are not sampled: each message is measured.
SAMPLES = 64
# How fast two clocks may drift apart, as the log's clock assumes it too.
DRIFT_PPM = 50

NO_LATENCIES: Nanoseconds = np.empty(0, dtype=np.int64)


def sampling_stride(count: int) -> int:
    """Return the sampling stride of a chunk."""
    return max(1, count // SAMPLES)


class HopLatency:
    """Hop latencies of one consuming client, for a store whose clock offset is known."""

    def __init__(self, clock: ClockPlan, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder

    def take(
        self,
        latencies_ns: Nanoseconds,
        stored_ns: Sequence[int] | npt.NDArray[np.int64],
        step: int,
        now_ns: int,
    ) -> None:
        """Take a chunk.

        Args:
            latencies_ns: from the publish to now, of each message.
            stored_ns: when every `step`-th of them was stored, from the first on.
            step: the `sampling_stride`.
            now_ns: CLOCK_MONOTONIC.
        """
        count = len(latencies_ns)
        delivered = now_ns + self._clock.offset_ns - np.asarray(stored_ns, dtype=np.int64)
        stored = latencies_ns[::step] - delivered
        error_ns = self._clock.error_ns + (now_ns - self._clock.at_ns) * DRIFT_PPM // 1_000_000
        self._recorder.split(
            np.repeat(stored, step)[:count],
            np.repeat(delivered, step)[:count],
            error_ns // 1_000,
            now_ns,
        )
