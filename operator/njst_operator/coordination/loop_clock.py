"""The clock of the event loop."""

import asyncio


def now_s() -> float:
    """Return the event loop's time in seconds: steady, and virtual in tests."""
    return asyncio.get_running_loop().time()
