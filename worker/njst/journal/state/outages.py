"""When the control NATS did not answer, for a report to tell that from outages of the target."""

from collections import deque
from dataclasses import dataclass, field

from njst.contract.results.tallies import ControlOutages

KEPT = 1000


@dataclass
class Outages:
    """Outages: each from the first unanswered request to the next answer.

    Times are ns of a steady clock. The last thousand outages are kept.
    """

    _closed: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _since_ns: int | None = None

    def answered(self, now_ns: int) -> None:
        """Record an answer."""
        if self._since_ns is not None:
            self._closed.append((self._since_ns, now_ns))
            self._since_ns = None

    def missed(self, asked_ns: int) -> None:
        """Record that a request of `asked_ns` was not answered."""
        if self._since_ns is None:
            self._since_ns = asked_ns

    def lasting_ns(self, now_ns: int) -> int:
        """Return for how long there has been no answer; 0 if the last request was answered."""
        return 0 if self._since_ns is None else now_ns - self._since_ns

    def within(self, begin_ns: int, end_ns: int) -> ControlOutages | None:
        """Return the outages within a time span; None if there were none."""
        spans = list(self._closed)
        if self._since_ns is not None:
            spans.append((self._since_ns, end_ns))
        lengths_us = [
            (min(until_ns, end_ns) - max(since_ns, begin_ns)) // 1000
            for since_ns, until_ns in spans
            if since_ns < end_ns and until_ns > begin_ns
        ]
        if not lengths_us:
            return None
        return ControlOutages(
            count=len(lengths_us), total_us=sum(lengths_us), longest_us=max(lengths_us)
        )
