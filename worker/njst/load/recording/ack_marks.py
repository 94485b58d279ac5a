"""A few acknowledgements of a producer, kept with their sequences in the stream.

They tell afterwards where in the stream a missing message should be, and when it was acknowledged.
They lie ever wider apart, so a run of any length has a few dozen at most.
"""

from collections.abc import Callable

from njst.verification.mark_codec import MOST_OF_ONE, Mark

_FIRST_STEP = 256


class AckMarks:
    """The marks of one producer; the next mark is wanted from message number `next` on."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        """`wall_ms`: the time of day, in ms since 1970."""
        self._wall_ms = wall_ms
        self.next = 0
        self._step = _FIRST_STEP
        self._kept: list[Mark] = []

    def note(self, number: int, sequence: int) -> None:
        """Keep the sequence of a message whose number is not below `next`."""
        self._kept.append(Mark(number, sequence, self._wall_ms()))
        if len(self._kept) >= MOST_OF_ONE:
            self._kept = self._kept[::2]
            self._step *= 2
        self.next = number + self._step

    def marks(self) -> list[Mark]:
        """Return the marks in the order of their numbers."""
        return list(self._kept)
