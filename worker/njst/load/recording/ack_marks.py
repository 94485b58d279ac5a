"""A few acknowledgements of a producer, kept with their sequences in the stream.

They say afterwards where in the stream a message must be that is not found, and when it was
acknowledged. The fewer of them, the wider apart: a run of any length has no more than some dozen.
"""

from collections.abc import Callable

from njst.verification.mark_codec import MOST_OF_ONE, Mark

_FIRST_STEP = 256


class AckMarks:
    """One producer's. `next` is the number from which on the next one is wanted."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        """`wall_ms`: the time of day, in ms since 1970."""
        self._wall_ms = wall_ms
        self.next = 0
        self._step = _FIRST_STEP
        self._kept: list[Mark] = []

    def note(self, number: int, sequence: int) -> None:
        """Keep that message `number`, which is not below `next`, has this sequence."""
        self._kept.append(Mark(number, sequence, self._wall_ms()))
        if len(self._kept) >= MOST_OF_ONE:
            self._kept = self._kept[::2]
            self._step *= 2
        self.next = number + self._step

    def marks(self) -> list[Mark]:
        """Return what is kept, in the order of the numbers."""
        return list(self._kept)
