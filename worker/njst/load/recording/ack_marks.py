"""A few acknowledgements of a producer, kept with their sequences in the stream.

They say afterwards where in the stream a message must be that is not found, and when it was
acknowledged. The fewer of them, the wider apart: a run of any length has no more than some dozen.
"""

import time

from njst.verification.mark_codec import MOST_OF_ONE, Mark

_FIRST_STEP = 256


class Marks:
    """One producer's. `next` is the number from which on the next one is wanted."""

    def __init__(self) -> None:
        self.next = 0
        self._step = _FIRST_STEP
        self._kept: list[Mark] = []

    def note(self, number: int, sequence: int) -> None:
        """Keep that message `number`, which is not below `next`, has this sequence."""
        self._kept.append(Mark(number, sequence, time.time_ns() // 1_000_000))
        if len(self._kept) >= MOST_OF_ONE:
            self._kept = self._kept[::2]
            self._step *= 2
        self.next = number + self._step

    def marks(self) -> list[Mark]:
        """Return what is kept, in the order of the numbers."""
        return list(self._kept)
