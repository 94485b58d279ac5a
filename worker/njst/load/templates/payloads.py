"""Payloads of messages: sizes, random bytes, blanks; made once, before the start."""

import random
from functools import cache
from pathlib import Path

from njst.contract.payload import PayloadPlan


def bodies(plan: PayloadPlan, count: int, seed: int) -> list[bytes]:
    """Return the payloads of a cycle of messages; the same for the same seed.

    Sizes are spread evenly over the cycle, in a random order. The blank part is at the end.
    """
    if plan.file:
        payloads = read_payloads(plan.file, lines=plan.lines)
        return [payloads[number % len(payloads)] for number in range(count)]
    source = random.Random(seed)  # noqa: S311 - payload, not a secret
    sizes = _sizes(plan, count)
    source.shuffle(sizes)
    made = []
    for size in sizes:
        blank = size * plan.compressible_percent // 100
        made.append(source.randbytes(size - blank) + b" " * blank)
    return made


@cache
def read_payloads(path: str, *, lines: bool) -> tuple[bytes, ...]:
    """Return the content of a file, or its non-empty lines without their line ends.

    Raises:
        OSError: it cannot be read.
    """
    content = Path(path).read_bytes()
    return tuple(line for line in content.splitlines() if line) if lines else (content,)


def _sizes(plan: PayloadPlan, count: int) -> list[int]:
    span = plan.bytes_max - plan.bytes_min
    if count == 1:
        return [plan.bytes_min + span // 2]
    return [plan.bytes_min + span * n // (count - 1) for n in range(count)]
