"""Progress of long work as plain lines, for terminals, logs and CI."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_BEAT_EVERY_S = 5.0


class Step:
    """A step in progress."""

    def __init__(
        self, say: Callable[[str], None], clock_s: Callable[[], float], every_s: float
    ) -> None:
        self._say = say
        self._clock_s = clock_s
        self._every_s = every_s
        self._begun_s = self._spoken_s = clock_s()

    @property
    def elapsed_s(self) -> float:
        return self._clock_s() - self._begun_s

    def beat(self, detail: str) -> None:
        """Report progress; rate limited, so it may be called often."""
        now_s = self._clock_s()
        if now_s - self._spoken_s >= self._every_s:
            self._spoken_s = now_s
            self._say(f"    {self.elapsed_s:.0f} s: {detail}")


class Progress:
    """Prints each step when it begins, every few seconds while it runs, and when it ends."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        every_s: float = _BEAT_EVERY_S,
    ) -> None:
        """Print to `stream` (None: standard error); beats at least `every_s` apart."""
        self._stream = stream
        self._clock_s = clock_s
        self._every_s = every_s

    def say(self, line: str) -> None:
        print(line, file=self._stream or sys.stderr, flush=True)

    @contextmanager
    def step(self, what: str, *, cost: str = "") -> Iterator[Step]:
        """Print `what` and its cost; print the outcome and the duration at the end.

        An error goes on to the caller after the step was told to have failed.
        """
        self.say(f"{what} ({cost})" if cost else what)
        step = Step(self.say, self._clock_s, self._every_s)
        try:
            yield step
        except BaseException:
            self.say(f"    failed after {step.elapsed_s:.1f} s")
            raise
        self.say(f"    done in {step.elapsed_s:.1f} s")
