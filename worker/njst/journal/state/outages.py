"""When the control NATS did not answer, so that a report can tell its breaks from the target's."""

from collections import deque
from dataclasses import dataclass, field

from njst.contract.results.tallies import ControlOutages

KEPT = 1000


@dataclass
class Outages:
    """The times without an answer, from the first question in vain to the next answer.

    Times are of one clock that is never set, in ns. The last thousand silences are kept.
    """

    _closed: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _since_ns: int | None = None

    def answered(self, now_ns: int) -> None:
        """Note an answer."""
        if self._since_ns is not None:
            self._closed.append((self._since_ns, now_ns))
            self._since_ns = None

    def missed(self, asked_ns: int) -> None:
        """Note a question of `asked_ns` that was not answered."""
        if self._since_ns is None:
            self._since_ns = asked_ns

    def lasting_ns(self, now_ns: int) -> int:
        """Return for how long there has been no answer by now; 0 when the last one came."""
        return 0 if self._since_ns is None else now_ns - self._since_ns

    def within(self, begin_ns: int, end_ns: int) -> ControlOutages | None:
        """Return what lies in a span; None when there was always an answer."""
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
