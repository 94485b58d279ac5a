"""Requests that have no outcome yet, and when each was sent (CLOCK_MONOTONIC ns).

Answers nearly always come in order, so requests are kept as the chunks in which they were sent.
When an answer comes out of order, its chunk and those before are kept request by request.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple


class Chunk(NamedTuple):
    """Requests [first, end) that were sent at the same time."""

    first: int
    end: int
    sent_ns: int


class InFlight:
    """The requests of one client, numbered without gaps in the order in which they are sent."""

    def __init__(self) -> None:
        # The newest requests, of which none was answered out of order.
        self._chunks: deque[Chunk] = deque()
        # The older requests, the oldest first: when each was sent.
        self._singles: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        chunks = self._chunks
        if chunks and number >= chunks[0].first:
            return number < chunks[-1].end
        return number in self._singles

    def __iter__(self) -> Iterator[int]:
        """Iterate over the requests, the oldest first."""
        yield from self._singles
        for chunk in self._chunks:
            yield from range(chunk.first, chunk.end)

    def oldest(self, otherwise: int) -> int:
        """Return the oldest request, or `otherwise` if there is none."""
        if self._singles:
            return next(iter(self._singles))
        return self._chunks[0].first if self._chunks else otherwise

    def add(self, first: int, count: int, sent_ns: int) -> None:
        """Add requests that follow all others."""
        self._chunks.append(Chunk(first, first + count, sent_ns))
        self._count += count

    def take(self, number: int) -> int:
        """Remove a request that has its outcome; return when it was sent, 0 if it was not here."""
        chunks = self._chunks
        if chunks and number >= chunks[0].first:
            if number == chunks[0].first:
                return self._take_first(1).sent_ns
            self._keep_singly(number)
        sent_ns = self._singles.pop(number, 0)
        if sent_ns:
            self._count -= 1
        return sent_ns

    def take_next(self, numbers: range) -> list[Chunk] | None:
        """Remove requests that are next in order; None, and nothing is removed, if they are not."""
        chunks = self._chunks
        if not chunks or numbers.start != chunks[0].first or numbers.stop > chunks[-1].end:
            return None
        taken: list[Chunk] = []
        at = numbers.start
        while at < numbers.stop:
            taken.append(self._take_first(numbers.stop - at))
            at = taken[-1].end
        return taken

    def _take_first(self, most: int) -> Chunk:
        """Remove at most `most` requests of the first chunk."""
        first, end, sent_ns = chunk = self._chunks[0]
        if end - first <= most:
            self._chunks.popleft()
        else:
            self._chunks[0] = Chunk(first + most, end, sent_ns)
            chunk = Chunk(first, first + most, sent_ns)
        self._count -= chunk.end - first
        return chunk

    def take_many(self, numbers: Sequence[int]) -> list[int]:
        """Remove requests in any order; return when each was sent, 0 for one that was not here."""
        self._keep_singly(max(numbers))
        pop = self._singles.pop
        sent = [pop(number, 0) for number in numbers]
        self._count -= len(sent) - sent.count(0)
        return sent

    def take_late(self, until_ns: int) -> dict[int, int]:
        """Remove the requests that were sent until then; return when each was, oldest first."""
        chunks, singles = self._chunks, self._singles
        while chunks and chunks[0].sent_ns <= until_ns:
            self._keep(chunks.popleft())
        late = dict(takewhile(lambda request: request[1] <= until_ns, singles.items()))
        for number in late:
            del singles[number]
        self._count -= len(late)
        return late

    def clear(self) -> dict[int, int]:
        """Remove all requests; return when each was sent, oldest first."""
        while self._chunks:
            self._keep(self._chunks.popleft())
        all_of_them, self._singles = self._singles, {}
        self._count = 0
        return all_of_them

    def _keep_singly(self, number: int) -> None:
        """Keep the chunk of a request, and those before it, request by request."""
        while self._chunks and self._chunks[0].first <= number:
            self._keep(self._chunks.popleft())

    def _keep(self, chunk: Chunk) -> None:
        self._singles |= dict.fromkeys(range(chunk.first, chunk.end), chunk.sent_ns)
