"""Which of a consumer's deliveries never came, from the numbers that the server gives them."""

from collections.abc import Sequence

# A number that is missing comes no more once there are so many later ones.
PATIENCE = 8192


class DeliveryGaps:
    """One client's deliveries of a consumer of its own, numbered from 1 without a gap.

    A late one closes its gap again, so what is missing is known for sure only some time later.
    """

    def __init__(self) -> None:
        self._next = 1
        self._missing: dict[int, None] = {}

    def take(self, numbers: Sequence[int]) -> int:
        """Note deliveries in order of arrival; return how many earlier ones have not come at all.

        A number is counted once, and one that was counted may still come: then it came too late.
        """
        if numbers == list(range(self._next, self._next + len(numbers))):
            self._next += len(numbers)
        else:
            lost = sum(self._take_one(number) for number in numbers)
            return lost + self._overdue()
        return self._overdue() if self._missing else 0

    def _take_one(self, number: int) -> int:
        """Note one delivery; return how many before it need not be waited for."""
        lost = 0
        if number >= self._next:
            # So large a gap is none of order: it is not kept number by number.
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
        """Return how many are missing now that nothing more comes; each is counted once."""
        count = len(self._missing)
        self._missing.clear()
        return count
