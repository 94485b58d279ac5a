"""Core NATS: publish without an answer to each message."""

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.core_frames import core_cycle
from njst.load.kinds.final_flush import LATE, PATIENCE_NS
from njst.load.load_client import LoadClient, StartTime
from njst.load.pacing.pacer import Pacer
from njst.load.protocol import encoder
from njst.load.protocol.parser import Frame, Pong, ServerError
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import CHUNK_BYTES
from njst.load.requests.permission_errors import is_denied, is_too_large

# A PING for each of few messages would cost as much as they do, at both ends.
PING_PAUSE_NS = 10_000_000


class CorePublisher(LoadClient):
    """Publishes as fast as the connection takes it, or at an offered rate.

    A message counts when the server has read it and not denied it: from time to time a PING goes
    behind the messages, and the server's errors come before its PONG. Messages without a PONG are
    errors. There are no latencies: a PONG answers no single message.
    """

    def __init__(self, plan: ClientPlan, recorder: Recorder, job: str) -> None:
        core = plan.core
        assert core is not None
        self.recorder = recorder
        self._plan = plan
        self._size = core.payload_bytes
        self._cycle = core_cycle(plan, core, "", job)
        self._chunk = max(1, CHUNK_BYTES // (core.payload_bytes + 32))
        self._pacer = Pacer(plan)
        # Messages before `_settled` have their outcome; `_denied` of those behind it were denied.
        self._settled = 0
        self._denied = 0
        # Messages before this number were sent before the PING in flight, if there is one.
        self._mark: int | None = None
        self._asked_ns = 0
        self._pings = 0
        # Since when only a PONG is waited for.
        self._idle_ns = 0
        self._log_offset_ns = 0
        self._is_abandoned = False

    @property
    def pings(self) -> int:
        """How many PINGs it has sent."""
        return self._pings

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._log_offset_ns = start.log_offset_ns
        self._pacer.start(start)

    def due_ns(self) -> int | None:
        """Return when the next message is due, at an offered rate."""
        return self._pacer.due_ns()

    def next_bytes(self, now_ns: int) -> bytes:
        """Return a chunk of messages, followed by a PING if one is due."""
        first = self._pacer.next
        count = self._pacer.take(self._chunk, now_ns)
        if not count:
            return self._ping(now_ns)
        self._idle_ns = now_ns
        self.recorder.attempted += count
        chunk = self._cycle.encode(first, count, now_ns + self._log_offset_ns)
        ping = self._ping(now_ns)
        return chunk + ping if ping else chunk

    def _ping(self, now_ns: int) -> bytes:
        """Return a PING if one is due: behind the last message at once."""
        if self._mark is not None or self._settled == self._pacer.next:
            return b""
        if not self._pacer.is_over and now_ns < self._asked_ns + PING_PAUSE_NS:
            return b""
        self._mark = self._pacer.next
        self._asked_ns = now_ns
        self._pings += 1
        return encoder.PING

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take the answer to a PING, or an error."""
        if isinstance(frame, ServerError):
            self._refuse(frame.text, now_ns)
        elif isinstance(frame, Pong) and self._mark is not None:
            span = self._mark - self._settled
            denied = min(span, self._denied)
            done = span - denied
            self.recorder.complete(done, done * self._size, now_ns)
            self._settle(self._mark, self._denied - denied)
            self._idle_ns = now_ns

    def _refuse(self, words: str, now_ns: int) -> None:
        """Take an error of the server; for a denied message it is the outcome."""
        if is_denied(words) and self.unfinished:
            self.recorder.fail(ErrorClass.PERMISSION_DENIED, words, 1, now_ns)
            self._denied += 1
        else:
            self.recorder.refuse(words)

    def _settle(self, until: int, denied: int = 0) -> None:
        """Note that all messages before `until` have their outcome, and `denied` behind it."""
        self._settled, self._mark, self._denied = until, None, denied

    def _lose(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail messages that the server may not have read."""
        self.recorder.fail(error_class, words, self.unfinished, now_ns)
        self._settle(self._pacer.next)

    def on_time(self, now_ns: int) -> None:
        """End when the duration has passed; give up when the server does not answer."""
        self._pacer.look(now_ns)
        if not self._pacer.is_over or self._settled == self._pacer.next:
            self._idle_ns = now_ns
        elif now_ns - self._idle_ns >= PATIENCE_NS:
            self._lose(ErrorClass.TIMEOUT, LATE, now_ns)

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail messages without a PONG: the server may not have read them."""
        if is_too_large(words) and self.unfinished:
            self.recorder.fail(ErrorClass.PAYLOAD_TOO_LARGE, words, 1, now_ns)
            self._denied += 1
        self._lose(ErrorClass.DISCONNECTED, words, now_ns)

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; without a number of messages, say that it ended."""
        self.recorder.fail_unsent(error_class, words, len(self._pacer.drop()), now_ns)

    def abandon(self, now_ns: int) -> None:  # noqa: ARG002 - messages without an answer do not wait
        """Leave messages without a PONG unfinished."""
        self._pacer.is_closed = True
        self._is_abandoned = True

    @property
    def unfinished(self) -> int:
        """How many messages have no PONG behind them yet."""
        return self._pacer.next - self._settled - self._denied

    def stop(self) -> None:
        """Send nothing new."""
        self._pacer.is_closed = True

    @property
    def done(self) -> bool:
        """Whether all that was to be sent has an outcome."""
        return self._is_abandoned or (self._pacer.is_over and self._settled == self._pacer.next)
