"""What the engine asks of a workload: one client's work, without I/O and without a clock."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol.parser import Frame
from njst.load.recording.recorder import Recorder


@dataclass(frozen=True)
class StartTime:
    """The common start: CLOCK_MONOTONIC ns, and what leads from there to the log's time."""

    at_ns: int
    log_offset_ns: int = 0


class LoadClient(Protocol):
    """One client's work. Times are CLOCK_MONOTONIC ns; no method blocks or reads a clock."""

    recorder: Recorder

    def opening(self) -> bytes:
        """Return what a new connection begins with: subscriptions. Called again on reconnect."""
        ...

    def start(self, start: StartTime) -> None:
        """Begin: due times, durations and elapsed times count from here."""
        ...

    def next_bytes(self, now_ns: int) -> bytes:
        """Return what to send now; nothing when there is nothing to send yet."""
        ...

    def due_ns(self) -> int | None:
        """Return when the next message is due; None when answers alone let it go on."""
        ...

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take the frames at the beginning of `data` that need no exact parser.

        Returns:
            How many bytes were taken; the rest goes to the exact parser, frame by frame.
        """
        ...

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take one frame of the exact parser."""
        ...

    def on_time(self, now_ns: int) -> None:
        """Look at deadlines; called at least every 50 ms."""
        ...

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """The connection broke: what was in flight fails, for its outcome is unknown."""
        ...

    def give_up(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """The client ends before its time: what it had still to do fails in this class."""
        ...

    def abandon(self, now_ns: int) -> None:
        """The load is over, and what is in flight is not waited for: it stays unfinished."""
        ...

    def stop(self) -> None:
        """Send nothing new; what is in flight may still come back."""
        ...

    @property
    def unfinished(self) -> int:
        """How many operations have no outcome: in flight, or abandoned."""
        ...

    @property
    def done(self) -> bool:
        """Whether nothing more is to be sent or waited for."""
        ...


@runtime_checkable
class Pinging(Protocol):
    """A workload that sends PINGs of its own."""

    @property
    def pings(self) -> int:
        """How many it has ever sent; PONGs come in the order of all PINGs of a connection."""
        ...
