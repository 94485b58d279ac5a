"""How a command shows the progress of a job: a live panel, lines, or nothing; always on stderr."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, Protocol

import typer

from njst.cli.follow.progress_line import progress_line

# A job that goes on as before has a line this often.
LINE_EVERY_S = 10.0


class ProgressMode(StrEnum):
    """How progress is shown; AUTO: as TTY on a terminal, as PLAIN elsewhere."""

    AUTO = "auto"
    TTY = "tty"
    PLAIN = "plain"
    NONE = "none"


ProgressOption = Annotated[
    ProgressMode,
    typer.Option(
        "--progress",
        help="Progress on stderr. tty: a live panel; plain: a line for each change and every 10 s;"
        " auto: tty on a terminal, otherwise plain.",
    ),
]


class Progress(Protocol):
    """Shows a job; `wants_histograms` is whether its documents should have histograms."""

    wants_histograms: bool

    def show(self, document: dict[str, Any]) -> None:
        """Show the state of the job."""
        ...

    def say(self, words: str) -> None:
        """Show a message for the user."""
        ...


class NoProgress:
    """Shows messages alone."""

    wants_histograms = False

    def show(self, document: dict[str, Any]) -> None:
        """Show nothing."""

    def say(self, words: str) -> None:
        """Print a message."""
        print(words, file=sys.stderr, flush=True)


class LineProgress(NoProgress):
    """Prints a line when the phase or its reason changes, and every LINE_EVERY_S."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._state = ("", "")
        self._printed_s = 0.0

    def show(self, document: dict[str, Any]) -> None:
        """Print a line if it is time for one."""
        now_s = self._now_s()
        state = (str(document["phase"]), str(document.get("reason", "")))
        if state == self._state and now_s - self._printed_s < LINE_EVERY_S:
            return
        self._state, self._printed_s = state, now_s
        self.say(progress_line(document))


@contextmanager
def open_progress(mode: ProgressMode, hint: str) -> Iterator[Progress]:
    """Yield the progress of a mode; a panel is removed from the terminal at the end.

    Args:
        mode: how to show it.
        hint: what the user can do, below a panel.
    """
    if mode is ProgressMode.AUTO:
        mode = ProgressMode.TTY if _is_terminal() else ProgressMode.PLAIN
    if mode is ProgressMode.TTY:
        from njst.cli.follow.live_progress import live_progress  # noqa: PLC0415 - loads rich

        with live_progress(hint) as live:
            yield live
        return
    yield NoProgress() if mode is ProgressMode.NONE else LineProgress()


def _is_terminal() -> bool:
    """Whether stderr is a terminal on which a panel can be drawn."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
