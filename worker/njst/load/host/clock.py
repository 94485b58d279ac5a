"""The time source of the engine, alone in this file."""

import time

SPIN_NS = 200_000

# CLOCK_MONOTONIC, which all processes of a host share, in ns; the function itself, since a wrapper
# would run twice for each message of a closed loop.
now_ns = time.monotonic_ns


def wall_ms() -> int:
    """Return the time of day of this host, in ms since 1970."""
    return time.time_ns() // 1_000_000


def wait_until(at_ns: int) -> None:
    """Return at the instant, within microseconds: sleep, then spin the last 200 us."""
    while (left_ns := at_ns - time.monotonic_ns()) > 0:
        if left_ns > SPIN_NS:
            time.sleep((left_ns - SPIN_NS) / 1e9)
