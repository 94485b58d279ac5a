"""Baselines in memory."""

from njst.contract.results.comparison import Baseline
from njst.journal.interfaces import BaselinesFullError, JournalUnavailableError


class MemoryBaselines:
    """A `njst.journal.interfaces.Baselines` in this process.

    Attributes:
        stored: The baselines by name.
        most: How many there may be.
        broken: While it is not empty nothing can be read or changed: that is the error's message.
    """

    def __init__(self) -> None:
        self.stored: dict[str, Baseline] = {}
        self.most = 200
        self.broken = ""

    async def put(self, baseline: Baseline) -> bool:
        """Store a baseline."""
        self._require()
        is_new = baseline.name not in self.stored
        if is_new and len(self.stored) >= self.most:
            raise BaselinesFullError(f"there are {self.most} baselines already")
        self.stored[baseline.name] = baseline
        return is_new

    async def get(self, name: str) -> Baseline | None:
        """Return a baseline."""
        self._require()
        return self.stored.get(name)

    async def all(self) -> list[Baseline]:
        """Return all baselines."""
        self._require()
        return [self.stored[name] for name in sorted(self.stored)]

    async def remove(self, name: str) -> bool:
        """Remove a baseline."""
        self._require()
        return self.stored.pop(name, None) is not None

    def _require(self) -> None:
        if self.broken:
            raise JournalUnavailableError(self.broken)
