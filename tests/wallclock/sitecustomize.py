"""A wall clock that a file sets, in every Python process whose PYTHONPATH names this folder.

NJST_WALL_CLOCK names the file; it has the milliseconds to add, none while it is not there. A steady
clock goes as it went, as it does when somebody sets a host's clock.
"""

import datetime as dt
import os
import time
from pathlib import Path

_FILE = Path(os.environ["NJST_WALL_CLOCK"])
_true_ns = time.time_ns


class _Datetime(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> "_Datetime":
        return cls.now(dt.UTC).replace(tzinfo=None)


def _time_ns() -> int:
    try:
        return _true_ns() + int(_FILE.read_text() or "0") * 1_000_000
    except FileNotFoundError:
        return _true_ns()


time.time_ns = _time_ns
time.time = lambda: _time_ns() / 1e9
dt.datetime = _Datetime  # type: ignore[misc]
