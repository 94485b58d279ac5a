"""Request numbers of answers; consecutive ones are a range, which needs no work for each number.

They nearly always are.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.int64]
RequestNumbers = Array | range


def as_array(numbers: Sequence[int] | RequestNumbers) -> Array:
    """Return numbers as an array."""
    if isinstance(numbers, range):
        return np.arange(numbers.start, numbers.stop)
    return np.asarray(numbers, dtype=np.int64)


def as_list(numbers: Sequence[int] | RequestNumbers) -> list[int]:
    """Return numbers as integers of Python."""
    return numbers.tolist() if isinstance(numbers, np.ndarray) else list(numbers)


def joined(parts: Sequence[RequestNumbers]) -> RequestNumbers:
    """Return the numbers of all parts; consecutive ranges become one."""
    if not parts:
        return range(0)
    whole, *others = parts
    for part in others:
        if not (isinstance(whole, range) and isinstance(part, range) and whole.stop == part.start):
            return np.concatenate([as_array(part) for part in parts])
        whole = range(whole.start, part.stop)
    return whole
