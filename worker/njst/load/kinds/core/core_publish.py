"""Core NATS: publish without an answer to each message."""

from njst.contract.kinds.core import CorePlan
from njst.contract.kinds.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.final_flush import LATE, PATIENCE_NS
from njst.load.kinds.publish.frame_templates import WHOLE_CYCLES
from njst.load.load_client import LoadClient, StartTime
from njst.load.pacing.pacer import Pacer
from njst.load.protocol import encoder, stamp
from njst.load.protocol.parser import Frame, Pong, ServerError
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import CHUNK_BYTES
from njst.load.requests.permission_errors import is_denied, is_too_large
from njst.load.templates.frame_cycle import FrameCycle
from njst.load.templates.frame_layout import FrameSettings, publish_row
from njst.load.templates.payloads import bodies

CYCLE_ROWS = 1024
# A PING for each of few messages would cost as much as they do, at both ends.
PING_PAUSE_NS = 10_000_000


def core_cycle(plan: ClientPlan, core: CorePlan, inbox: str, job: str) -> FrameCycle:
    """Return the messages of a client, ready but for their stamps."""
    template = FrameSettings(
        inbox=inbox,
        job=stamp.job_code(job),
        producer=stamp.producer_code(plan.number, plan.index),
    )
    size = PayloadPlan(bytes_min=core.payload_bytes, bytes_max=core.payload_bytes)
    rows = min(CYCLE_ROWS, 8 * CHUNK_BYTES // (core.payload_bytes + 64))
    rows = max(1, rows * WHOLE_CYCLES // max(WHOLE_CYCLES, plan.siblings))
    return FrameCycle(
        [publish_row(template, core.subject, body) for body in bodies(size, rows, plan.index)]
    )


class CorePublisher(LoadClient):
    """Publish as fast as the connection takes it, or at an offered rate.

    A message counts when the server has read it and said nothing against it: from time to time a
    PING goes behind what is sent, and what the server denies it says before the PONG. What no PONG
    came for is an error. There are no latencies: a PONG answers no message.
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
        # Messages before this number have their outcome; so many behind it were denied since.
        self._settled = 0
        self._denied = 0
        # Messages before this number are before the PING under way, if there is one.
        self._mark: int | None = None
        self._asked_ns = 0
        self._pings = 0
        # Since when there is nothing to do but to wait for a PONG.
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
        """Return when the next message is due, if it has an instant."""
        return self._pacer.due_ns()

    def next_bytes(self, now_ns: int) -> bytes:
        """Return a chunk of messages, and a PING behind it if it is time for one."""
        first = self._pacer.next
        count = self._pacer.take(self._chunk, now_ns)
        if not count:
            return self._ask(now_ns)
        self._idle_ns = now_ns
        self.recorder.attempted += count
        chunk = self._cycle.encode(first, count, now_ns + self._log_offset_ns)
        ping = self._ask(now_ns)
        return chunk + ping if ping else chunk

    def _ask(self, now_ns: int) -> bytes:
        """Return a PING if it is time for one: behind the last message at once."""
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
        """Take what the server says of the connection; of a denied message it is the outcome."""
        if is_denied(words) and self.unfinished:
            self.recorder.fail(ErrorClass.PERMISSION_DENIED, words, 1, now_ns)
            self._denied += 1
        else:
            self.recorder.refuse(words)

    def _settle(self, until: int, denied: int = 0) -> None:
        """Have an outcome for all before `until`, and for so many behind it that were denied."""
        self._settled, self._mark, self._denied = until, None, denied

    def _lose(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what may have been read or not, so it is no success."""
        self.recorder.fail(kind, words, self.unfinished, now_ns)
        self._settle(self._pacer.next)

    def on_time(self, now_ns: int) -> None:
        """End when the duration has passed; give up what a server that hangs does not answer."""
        self._pacer.look(now_ns)
        if not self._pacer.is_over or self._settled == self._pacer.next:
            self._idle_ns = now_ns
        elif now_ns - self._idle_ns >= PATIENCE_NS:
            self._lose(ErrorClass.TIMEOUT, LATE, now_ns)

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what no PONG came for: what the break took with it nobody knows."""
        if is_too_large(words) and self.unfinished:
            self.recorder.fail(ErrorClass.PAYLOAD_TOO_LARGE, words, 1, now_ns)
            self._denied += 1
        self._lose(ErrorClass.DISCONNECTED, words, now_ns)

    def give_up(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; without a number of messages, say that it ended."""
        self.recorder.fail_unsent(kind, words, len(self._pacer.drop()), now_ns)

    def abandon(self, now_ns: int) -> None:  # noqa: ARG002 - messages without an answer do not wait
        """Leave what no PONG came for without an outcome."""
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
