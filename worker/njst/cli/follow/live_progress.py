"""A live panel on stderr, drawn by rich, which also obeys NO_COLOR."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live

from njst.cli.follow.expected import spec_of
from njst.cli.follow.history import History, workloads_of
from njst.cli.follow.panel import Shown, panel
from njst.contract.spec.job import JobSpec


class LiveProgress:
    """Draws a panel for each document, and keeps what happened between them."""

    wants_histograms = True

    def __init__(self, live: Live, hint: str, now_s: Callable[[], float] = time.time) -> None:
        self._live = live
        self._hint = hint
        self._now_s = now_s
        self._document: dict[str, Any] = {}
        self._spec: JobSpec | None = None
        self._history = History()
        self._messages: tuple[str, ...] = ()

    def show(self, document: dict[str, Any]) -> None:
        """Draw the state of the job."""
        self._document = document
        self._spec = self._spec or spec_of(document)
        self._history.add(workloads_of(document), self._now_s())
        self._draw()

    def say(self, words: str) -> None:
        """Draw a message below the state of the job; before there is one, print it."""
        if not self._document:
            self._live.console.print(words, markup=False, highlight=False)
            return
        self._messages = (*self._messages, words)
        self._draw()

    def _draw(self) -> None:
        shown = Shown(
            document=self._document,
            workloads=workloads_of(self._document),
            spec=self._spec,
            elapsed_s=_elapsed_s(self._document, self._now_s()),
            history=self._history,
            messages=self._messages,
        )
        width = self._live.console.width
        self._live.update(panel(shown, width, self._hint), refresh=True)


def _elapsed_s(document: dict[str, Any], now_s: float) -> float | None:
    """Return the time since the common start; by this host's clock, which may be off a little."""
    start = document.get("startTime")
    if start is None:
        return None
    return max(0.0, now_s - datetime.fromisoformat(start).timestamp())


@contextmanager
def live_progress(hint: str) -> Iterator[LiveProgress]:
    """Yield a panel that is removed from the terminal at the end."""
    console = Console(stderr=True)
    # It is drawn for each document, several times a second: no thread has to draw it.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield LiveProgress(live, hint)
