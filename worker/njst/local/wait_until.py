"""Waiting for something that can only be looked at."""

import time
from collections.abc import Callable

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.2


def wait_until(missing: Callable[[], str | None], timeout_s: float) -> str | None:
    """Look until nothing is missing; return None then, else what still was after `timeout_s`.

    `missing` returns what it lacks in words for a person. Its OSError counts as "does not
    answer"; any other error ends the wait.
    """
    deadline_s = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            lacking = missing()
        except OSError as error:
            lacking = f"it does not answer ({error})"
        if lacking is None or time.monotonic() > deadline_s:
            return lacking
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.3, _LONGEST_PAUSE_S)
