"""Windows of participants in memory."""

from collections.abc import Awaitable, Callable

from njst.contract.results.windows import Published
from njst.journal.interfaces import JournalUnavailableError, OnWindow, StoredWindow


class MemoryWindows:
    """A `njst.journal.interfaces.Windows` in this process.

    Attributes:
        stored: What was published and not removed, by job, oldest first.
        broken: While it is not empty nothing can be read or removed: that is the error's message.
    """

    def __init__(self) -> None:
        self.stored: dict[str, list[StoredWindow]] = {}
        self.broken = ""
        self._followers: dict[str, list[OnWindow]] = {}

    @property
    def followers(self) -> int:
        """How many follow the windows of a job."""
        return sum(map(len, self._followers.values()))

    async def publish(self, job: str, worker: str, published: Published) -> None:
        """Store a window."""
        window = StoredWindow(worker, published.window.pack(), published.is_newest)
        self.stored.setdefault(job, []).append(window)
        for on_window in self._followers.get(job, []):
            on_window(window)

    async def follow(self, job: str, on_window: OnWindow) -> Callable[[], Awaitable[None]]:
        """Deliver the windows of a job, those that are there and those that come."""
        self._require()
        for window in self.stored.get(job, []):
            on_window(window)
        followers = self._followers.setdefault(job, [])
        followers.append(on_window)

        async def stop() -> None:
            followers.remove(on_window)

        return stop

    async def remove(self, job: str) -> None:
        """Remove the windows of a job."""
        self._require()
        self.stored.pop(job, None)

    def _require(self) -> None:
        if self.broken:
            raise JournalUnavailableError(self.broken)
