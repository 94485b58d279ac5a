"""Requests that have no outcome yet, and when each was sent (CLOCK_MONOTONIC ns).

Answers nearly always come in order: what was sent at once is answered at once, and nothing is kept
for each request. When one comes out of order, it and those before it are kept one by one, in a ring
of twice the window: memory does not grow with the number of requests.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from njst.load.integrity import second_copies
from njst.load.wire.numbering import Array


class Chunk(NamedTuple):
    """Requests [first, end) that were sent at the same time."""

    first: int
    end: int
    sent_ns: int


class Outstanding:
    """The requests of one client, numbered without gaps in the order in which they are sent."""

    def __init__(self, window: int) -> None:
        """`window`: how many there are at most."""
        # The newest, of which none was answered out of order.
        self._chunks: deque[Chunk] = deque()
        self._singles = _Singles(1 << (2 * window - 1).bit_length())
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        if self._chunks and number >= self._chunks[0].first:
            return number < self._chunks[-1].end
        return number in self._singles

    def __iter__(self) -> Iterator[int]:
        """Iterate over the requests, the oldest first."""
        yield from self._singles.numbers()
        for chunk in self._chunks:
            yield from range(chunk.first, chunk.end)

    def add(self, first: int, count: int, sent_ns: int) -> None:
        """Wait for requests that follow all others."""
        self._chunks.append(Chunk(first, first + count, sent_ns))
        self._count += count

    def take(self, number: int) -> int:
        """Take a request that has its outcome; return when it was sent, 0 if it does not wait."""
        if self._chunks and self._chunks[0].first == number:
            return self._take_first(1).sent_ns
        if number not in self:
            return 0
        self._keep_singly(number)
        self._count -= 1
        return self._singles.take(number)

    def take_next(self, numbers: range) -> list[Chunk] | None:
        """Take requests that are next in order; None, and nothing is taken, if they are not."""
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
        """Take at most so many requests of the first chunk."""
        chunk = self._chunks.popleft()
        if chunk.end - chunk.first > most:
            self._chunks.appendleft(chunk._replace(first=chunk.first + most))
            chunk = chunk._replace(end=chunk.first + most)
        self._count -= chunk.end - chunk.first
        return chunk

    def take_many(self, numbers: Array) -> Array:
        """Take requests in any order; return when each was sent, 0 for one that does not wait.

        The second of two equal ones does not wait any more.
        """
        self._keep_singly(int(numbers.max()))
        sent = self._singles.take_many(numbers)
        self._count -= int(np.count_nonzero(sent))
        return sent

    def take_late(self, until_ns: int) -> list[int]:
        """Take those that were sent until then; return them, the oldest first."""
        while self._chunks and self._chunks[0].sent_ns <= until_ns:
            self._singles.keep(self._chunks.popleft())
        late = self._singles.take_late(until_ns)
        self._count -= len(late)
        return late

    def clear(self) -> list[int]:
        """Take all; return them, the oldest first."""
        numbers = list(self)
        self._chunks.clear()
        self._singles.clear()
        self._count = 0
        return numbers

    def _keep_singly(self, number: int) -> None:
        """Keep one by one the chunk of a request, and those before it."""
        while self._chunks and self._chunks[0].first <= number:
            self._singles.keep(self._chunks.popleft())


class _Singles:
    """Requests that are kept one by one: a ring of their send times, 0 where none waits.

    The ring has places for the `size` requests before `end`.
    """

    def __init__(self, size: int) -> None:
        self._sent_ns: Array = np.zeros(size, dtype=np.int64)
        self._size = size
        # A number's place is what these bits of it are.
        self._mask = size - 1
        self._end = 0
        # Those that a newer one has driven from their place.
        self._old: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        if number in self._old:
            return True
        has_place = self._end - self._size <= number < self._end
        return has_place and bool(self._sent_ns[number & self._mask])

    def numbers(self) -> list[int]:
        """Return all, the oldest first."""
        return sorted([*self._old, *self._in_places().tolist()])

    def keep(self, chunk: Chunk) -> None:
        """Keep requests that are newer than all others."""
        waiting = self._in_places()
        for number in waiting[waiting < chunk.end - self._size].tolist():
            self._old[number] = self.take(number)
        self._end = chunk.end
        self._sent_ns[np.arange(chunk.first, chunk.end) & self._mask] = chunk.sent_ns

    def take(self, number: int) -> int:
        """Take one that waits; return when it was sent."""
        if number in self._old:
            return self._old.pop(number)
        place = number & self._mask
        sent_ns, self._sent_ns[place] = int(self._sent_ns[place]), 0
        return sent_ns

    def take_many(self, numbers: Array) -> Array:
        """Take any; return when each was sent, 0 for one that does not wait."""
        places = numbers & self._mask
        has_place = (numbers < self._end) & (numbers >= self._end - self._size)
        sent: Array = np.where(has_place, self._sent_ns[places], 0)
        if (numbers[1:] <= numbers[:-1]).any():
            sent[second_copies(numbers)] = 0
        self._sent_ns[places[has_place]] = 0
        for at in np.flatnonzero(~has_place).tolist() if self._old else ():
            sent[at] = self._old.pop(int(numbers[at]), 0)
        return sent

    def take_late(self, until_ns: int) -> list[int]:
        """Take those that were sent until then; return them, the oldest first."""
        numbers = self._in_places()
        late = numbers[self._sent_ns[numbers & self._mask] <= until_ns]
        self._sent_ns[late & self._mask] = 0
        old = [number for number, sent_ns in self._old.items() if sent_ns <= until_ns]
        for number in old:
            del self._old[number]
        return sorted([*old, *late.tolist()])

    def clear(self) -> None:
        """Forget all."""
        self._sent_ns[:] = 0
        self._old.clear()

    def _in_places(self) -> Array:
        """Return those in the ring, in any order."""
        last = self._end - 1
        return last - (last - np.flatnonzero(self._sent_ns) & self._mask)
