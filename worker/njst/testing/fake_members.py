"""The workers of a mesh that a test makes up."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from njst.journal.interfaces import JournalUnavailableError, Member

_STARTED_AT = datetime(2026, 1, 2, tzinfo=UTC)


def member(worker: str, **changes: Any) -> Member:
    """Return a worker's description of itself; `changes` replace the defaults of its fields."""
    fields: dict[str, Any] = {
        "worker": worker,
        "name": worker,
        "host": "host",
        "version": "1",
        "cores": 2,
        "started_at": _STARTED_AT,
    }
    return Member(**{**fields, **changes})


class FakeMembers:
    """A `njst.journal.interfaces.Members`: `workers`, which a test may change at any time.

    A worker is its id or its whole description. `present` takes `delay_s` seconds. While `broken`
    is not empty it raises, with `broken` as the message.
    """

    def __init__(self, *workers: str | Member, delay_s: float = 0.0) -> None:
        self.workers: list[str | Member] = list(workers)
        self.delay_s = delay_s
        self.broken = ""

    async def present(self) -> list[Member]:
        """Return the workers, sorted by id.

        Raises:
            JournalUnavailableError: `broken` is not empty.
        """
        if self.broken:
            raise JournalUnavailableError(self.broken)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        found = [each if isinstance(each, Member) else member(each) for each in self.workers]
        return sorted(found, key=lambda each: each.worker)
