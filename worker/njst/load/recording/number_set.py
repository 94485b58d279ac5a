"""Sets of message numbers that many numbers are added to at once."""

from collections.abc import Sequence

import numpy as np

from njst.load.protocol.request_numbers import RequestNumbers, as_array, as_list
from njst.verification.ranges import Ranges

# Below this, numpy's calls would cost more than they save.
_FEW = 12


class NumberSet(Ranges):
    """Ranges that take numbers one by one, in any order."""

    def add(self, numbers: Sequence[int] | RequestNumbers) -> int:
        """Add numbers in any order; return how many were in the set before, or given twice."""
        if isinstance(numbers, range):
            return self.add_range(numbers.start, numbers.stop)
        if len(numbers) <= _FEW:
            return sum(self.add_range(number, number + 1) for number in as_list(numbers))
        array = np.sort(as_array(numbers))
        steps = np.diff(array)
        copies = int((steps == 0).sum())
        breaks = np.flatnonzero(steps > 1) + 1
        begins = array[np.concatenate(([0], breaks))].tolist()
        ends = (array[np.concatenate((breaks - 1, [len(array) - 1]))] + 1).tolist()
        return copies + sum(map(self.add_range, begins, ends))
