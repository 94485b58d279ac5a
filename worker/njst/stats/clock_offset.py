"""Offset of the log's clock from this process's clock, from round trips alone.

A request sent at `sent`, answered with the server's time `server` and received at `received` (both
local) bounds the offset: server - received <= offset <= server - sent. The middle is the estimate,
half the round trip its error (Cristian 1989). Clocks drift, so the error of a sample grows
with its age; the best of the last samples is the one with the least error now.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

DRIFT_PPM = 50
SAMPLES = 64

_TIME = re.compile(r"([0-9T:-]+)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True)
class OffsetSample:
    """An offset (log time - local time) and its error at the local time `at_ns`."""

    offset_ns: int
    error_ns: int
    at_ns: int

    def error_at(self, now_ns: int) -> int:
        """Return the error bound at a later local time."""
        return self.error_ns + (now_ns - self.at_ns) * DRIFT_PPM // 1_000_000


@dataclass
class OffsetFilter:
    """The last samples of one server's clock; reset for another server, or if the clock was set."""

    _samples: deque[OffsetSample] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    _source: str = ""

    def add(self, sent_ns: int, server_ns: int, received_ns: int, source: str = "") -> None:
        """Add one round trip; `source` names the server whose clock it read."""
        if source != self._source:
            self._samples.clear()
            self._source = source
        middle_ns = (sent_ns + received_ns) // 2
        trip_ns = received_ns - sent_ns
        # The clocks also drift during the round trip.
        error_ns = (trip_ns + 1) // 2 + trip_ns * DRIFT_PPM // 1_000_000
        sample = OffsetSample(server_ns - middle_ns, error_ns, received_ns)
        best = self.best(received_ns)
        if best is not None and _contradict(best, sample):
            # The samples contradict each other: the server's clock was set.
            self._samples.clear()
        self._samples.append(sample)

    def best(self, now_ns: int) -> OffsetSample | None:
        """Return the sample with the least error now; None when there is none."""
        return min(self._samples, key=lambda sample: sample.error_at(now_ns), default=None)


def _contradict(old: OffsetSample, new: OffsetSample) -> bool:
    apart_ns = abs(new.offset_ns - old.offset_ns)
    return apart_ns > new.error_ns + old.error_at(new.at_ns)


def parse_time_ns(text: str) -> int:
    """Return an RFC 3339 time, as nats-server writes it, in ns since the Unix epoch.

    Raises:
        ValueError: it is no such time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    seconds = datetime.fromisoformat(found[1] + found[3]).timestamp()
    return int(seconds) * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))
