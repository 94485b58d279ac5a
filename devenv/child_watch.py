"""Watches child programs, and reports one that ends by itself."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from njst.local.local_errors import LocalServerError

_LOOK_S = 0.5


class ChildEndedError(LocalServerError):
    """A program ended by itself; the message has its last log lines."""


@contextmanager
def watched(check: Callable[[], None], look_s: float = _LOOK_S) -> Iterator[None]:
    """Interrupt the main thread when `check` raises, as Ctrl-C would.

    Raises:
        ChildEndedError: what `check` has raised, in place of the interruption.
    """
    over = threading.Event()
    found: list[LocalServerError] = []

    def look() -> None:
        while not over.wait(look_s):
            try:
                check()
            except LocalServerError as error:
                found.append(error)
                main = threading.main_thread().ident
                assert main is not None, "it runs"
                signal.pthread_kill(main, signal.SIGINT)
                return

    thread = threading.Thread(target=look, name="watch children")
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        if found:
            raise ChildEndedError(str(found[0])) from found[0]
        raise
    finally:
        over.set()
        thread.join()
