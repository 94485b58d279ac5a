"""Sets of message numbers that many numbers are added to at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from njst.measure.ranges import Ranges

# Below this, numpy's calls would cost more than they save.
_FEW = 12

Array = npt.NDArray[np.int64]


class NumberSet(Ranges):
    """Ranges that take numbers one by one, in any order."""

    def add(self, numbers: Sequence[int] | Array) -> int:
        """Add numbers in any order; return how many of them were there before, or came twice."""
        if len(numbers) <= _FEW:
            return sum(self.add_range(number, number + 1) for number in map(int, numbers))
        array = np.sort(np.asarray(numbers, dtype=np.int64))
        steps = np.diff(array)
        copies = int((steps == 0).sum())
        breaks = np.flatnonzero(steps > 1) + 1
        begins = array[np.concatenate(([0], breaks))].tolist()
        ends = (array[np.concatenate((breaks - 1, [len(array) - 1]))] + 1).tolist()
        return copies + sum(map(self.add_range, begins, ends))
