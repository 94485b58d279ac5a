"""What the engine asks of a client of the load: its work, without I/O and without a clock."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol.parser import Frame
from njst.load.recording.recorder import Recorder

# Takes what has arrived (and when, in ns); returns the next request, or nothing if it is not an
# answer that this can take.
NextRequest = Callable[[bytes, int], bytes | memoryview]


@dataclass(frozen=True)
class StartTime:
    """The common start: CLOCK_MONOTONIC ns, and what leads from there to the log's time."""

    at_ns: int
    log_offset_ns: int = 0


class LoadClient(ABC):
    """One client's work. Times are CLOCK_MONOTONIC ns; no method blocks or reads a clock."""

    recorder: Recorder
    # Whether it is worth looking for more deliveries before they are acknowledged: a server that
    # may not deliver more until then would send the next ones singly.
    gathers = False

    def opening(self) -> bytes:
        """Return what a new connection begins with: subscriptions. Called again on reconnect."""
        return b""

    @abstractmethod
    def start(self, start: StartTime) -> None:
        """Begin: due times, durations and elapsed times count from here."""

    @property
    def next_request(self) -> NextRequest | None:
        """The shortest way from an answer to the next request; None if there is none."""
        return None

    @abstractmethod
    def next_bytes(self, now_ns: int) -> bytes:
        """Return what to send now; nothing when there is nothing to send yet."""

    def due_ns(self) -> int | None:
        """Return when the next message is due; None when the server sets the pace."""
        return None

    def scan(self, data: bytes, now_ns: int) -> int:  # noqa: ARG002 - the exact parser takes all
        """Take the frames at the beginning of `data` that need no exact parser.

        Returns:
            How many bytes were taken; the rest goes to the exact parser, frame by frame.
        """
        return 0

    @abstractmethod
    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take one frame of the exact parser."""

    @abstractmethod
    def on_time(self, now_ns: int) -> None:
        """Check deadlines; called at least every 50 ms."""

    @abstractmethod
    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what was in flight when the connection broke: its outcome is unknown."""

    @abstractmethod
    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """End before its time: what was still to be done fails in this class."""

    @abstractmethod
    def abandon(self, now_ns: int) -> None:
        """End without waiting for what is in flight: it stays unfinished."""

    @abstractmethod
    def stop(self) -> None:
        """Send nothing new; what is in flight may still come back."""

    @property
    def pings(self) -> int:
        """How many PINGs of its own it has sent; PONGs come in the order of all PINGs."""
        return 0

    @property
    def unfinished(self) -> int:
        """How many operations have no outcome: in flight, or abandoned."""
        return 0

    @property
    @abstractmethod
    def done(self) -> bool:
        """Whether nothing more is to be sent or waited for."""
