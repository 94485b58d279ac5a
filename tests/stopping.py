"""A process that stands still for as long as a block lasts."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a child process, and at the end let it go on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        # Until all of its threads stand, a server may still answer what is in flight.
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
