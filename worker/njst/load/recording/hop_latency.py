"""The way of a message from its publisher to a consumer, in two: to the store, and from there.

Every delivery tells when the message was stored, by the clock of the server that did. Of a chunk
of deliveries some are looked at, evenly, each for those behind it too: so the cost of a message
falls as there are more of them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.contract.kinds.consume import ClockPlan
from njst.load.recording.recorder import Nanoseconds, Recorder

# A chunk of fewer is looked at message by message.
SAMPLES = 64
# How fast two clocks may drift apart, as the log's clock assumes it too.
DRIFT_PPM = 50

NO_LATENCIES: Nanoseconds = np.empty(0, dtype=np.int64)


def sampling_stride(count: int) -> int:
    """Return that every so manieth of a chunk is looked at."""
    return max(1, count // SAMPLES)


class HopLatency:
    """One consuming client's, for a store whose clock is known."""

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
            step: as `sampling_stride` says.
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
