"""Polls with backoff until something is ready."""

import time
from collections.abc import Callable

from njst.backoff import Backoff

_BACKOFF = Backoff(first_s=0.01, factor=1.3, ceiling_s=0.2)


def wait_until(missing: Callable[[], str | None], timeout_s: float) -> str | None:
    """Poll until nothing is missing, and return None; after `timeout_s` return what still is.

    `missing` returns what is missing, for people. Its OSError counts as "does not answer"; any
    other error ends the wait.
    """
    deadline_s = time.monotonic() + timeout_s
    attempt = 0
    while True:
        try:
            lacking = missing()
        except OSError as error:
            lacking = f"it does not answer ({error})"
        if lacking is None or time.monotonic() > deadline_s:
            return lacking
        attempt += 1
        time.sleep(_BACKOFF.pause_s(attempt))
