"""The time series of a participant's load, from its progress: all there is if it is lost.

Progress has totals; each window is the difference between two of them.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from njst.contract.events import Progress
from njst.contract.results.tallies import SeriesTally, WindowTally
from njst.stats.series import MAX_WINDOWS


class _Total(NamedTuple):
    """The totals at the end of a window."""

    messages: int = 0
    bytes: int = 0
    errors: int = 0


@dataclass
class ProgressSeries:
    """The totals of each workload at the end of each window of `width_s` seconds."""

    width_s: int = 1
    _totals: dict[str, list[_Total]] = field(default_factory=dict)

    def add(self, progress: Progress) -> None:
        """Add totals; the work of seconds without progress counts in the last of them."""
        seconds = progress.elapsed_ms // 1000
        if seconds < 1:
            return
        while (seconds - 1) // self.width_s >= MAX_WINDOWS:
            self._widen()
        place = (seconds - 1) // self.width_s
        for tally in progress.workloads:
            totals = self._totals.setdefault(tally.workload, [])
            if place < len(totals) - 1:
                continue  # out of order
            last = totals[-1] if totals else _Total()
            totals += [last] * (place + 1 - len(totals))
            errors = sum(error.count for error in tally.errors)
            totals[place] = _Total(*map(max, last, (tally.messages, tally.bytes, errors)))

    def _widen(self) -> None:
        self.width_s *= 2
        for workload, totals in self._totals.items():
            odd = totals[-1:] if len(totals) % 2 else []
            self._totals[workload] = [*totals[1::2], *odd]

    def series(self, workload: str) -> SeriesTally | None:
        """Return a workload's windows, without latencies; None if there is no progress of it."""
        totals = self._totals.get(workload)
        if not totals:
            return None
        windows = [
            WindowTally(
                messages=now.messages - before.messages,
                bytes=now.bytes - before.bytes,
                errors=now.errors - before.errors,
            )
            for before, now in zip([_Total(), *totals], totals, strict=False)
        ]
        return SeriesTally(width_s=self.width_s, windows=windows)
