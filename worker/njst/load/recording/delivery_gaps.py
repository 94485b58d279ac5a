"""Deliveries of a consumer that never came, by their consumer sequences."""

from collections.abc import Sequence

# A missing number is overdue once this many later ones have come.
PATIENCE = 8192


class DeliveryGaps:
    """One client's deliveries of a consumer of its own, numbered from 1 without a gap.

    A late delivery closes its gap again, so a loss is certain only some time later.
    """

    def __init__(self) -> None:
        self._next = 1
        self._missing: dict[int, None] = {}

    def take(self, numbers: Sequence[int]) -> int:
        """Take deliveries in order of arrival; return how many earlier ones never came.

        A number is counted once, even if it comes later.
        """
        if numbers == list(range(self._next, self._next + len(numbers))):
            self._next += len(numbers)
        else:
            lost = sum(self._take_one(number) for number in numbers)
            return lost + self._overdue()
        return self._overdue() if self._missing else 0

    def _take_one(self, number: int) -> int:
        """Take one delivery; return how many before it are lost."""
        lost = 0
        if number >= self._next:
            # A gap this large is no reordering: it is not kept number by number.
            first = max(self._next, number - PATIENCE)
            lost = first - self._next
            self._missing.update(dict.fromkeys(range(first, number)))
            self._next = number + 1
        else:
            self._missing.pop(number, None)
        return lost

    def _overdue(self) -> int:
        late = []
        for number in self._missing:
            if number >= self._next - PATIENCE:
                break
            late.append(number)
        for number in late:
            del self._missing[number]
        return len(late)

    def settle(self) -> int:
        """Return how many are missing when nothing more comes; each is counted once."""
        count = len(self._missing)
        self._missing.clear()
        return count
