"""Subscribing and replying client."""

from njst.contract.kinds.core import CoreOperation
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.core_request import _SID
from njst.load.kinds.final_flush import LATE, FinalFlush
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol import encoder
from njst.load.protocol.parser import Frame, MessageFrame, Pong, ServerError
from njst.load.recording.integrity import IntegrityInspector
from njst.load.recording.recorder import Recorder
from njst.load.scan.frame_matrix import FEWEST, FrameMatrix, FrameShape, numbers_in_group
from njst.load.scan.message_heads import head_pattern, messages
from njst.load.templates.payloads import bodies

_DENIED = "Permissions Violation for Subscription to "
_REPLY = rb"(?:(?P<reply>\S+) )?"
_MESSAGE = head_pattern(rb"(?P<subject>\S+)", b"1", _REPLY)
# The numbers of many subscriptions have the same length, so that their messages have one shape.
_FIRST_OF_MANY = 10**6
_MESSAGE_OF_MANY = head_pattern(rb"(?P<subject>\S+)", rb"(?P<sid>1\d{6})", _REPLY)


class CoreSubscriber(LoadClient):
    """One subscribing or replying client, with its own number of messages."""

    def __init__(self, plan: ClientPlan, recorder: Recorder, inspector: IntegrityInspector) -> None:
        core = plan.core
        assert core is not None
        self.recorder = recorder
        self._plan = plan
        self._core = core
        self._inspector = inspector
        self._is_reply = core.operation is CoreOperation.REPLY
        self._message = _MESSAGE if core.subject_count == 1 else _MESSAGE_OF_MANY
        self._body = bodies(
            PayloadPlan(bytes_min=core.payload_bytes, bytes_max=core.payload_bytes), 1, plan.index
        )[0]
        self._replies: list[bytes] = []
        self._final_flush = FinalFlush()
        self._taken = 0
        self._start = StartTime(0)
        self._end_ns = 0
        self._heard_ns = 0
        self._closing = False
        # The server's refusal of the subscription; empty: there is none.
        self._denial = ""

    @property
    def pings(self) -> int:
        """How many PINGs it has sent."""
        return self._final_flush.pings

    def opening(self) -> bytes:
        """Subscribe; members of a queue group share its messages, each up to its share."""
        self._final_flush.start_again()
        core = self._core
        if core.subject_count > 1:
            own = range(core.first_subject, core.subject_count, core.subject_step)
            subs = [encoder.sub(f"{core.subject}.{n}", _FIRST_OF_MANY + n) for n in own]
            return b"".join(subs)
        share = encoder.sub(core.subject, _SID, core.queue_group)
        if not core.queue_group:
            return share
        if self._plan.messages is None:
            return share
        missing = self._plan.messages - self._taken
        return share + encoder.unsub_after(_SID, missing) if missing > 0 else b""

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._start = start
        self._heard_ns = start.at_ns
        duration_ms = self._plan.duration_ms
        self._end_ns = start.at_ns + duration_ms * 1_000_000 if duration_ms is not None else 0

    def next_bytes(self, now_ns: int) -> bytes:
        """Return the replies that are due, behind the last of them a PING."""
        if not self._replies:
            return self._final_flush.ping(now_ns) if self._is_full else b""
        out = self._answers(self._replies, now_ns)
        self._replies.clear()
        return out

    def _answers(self, replies: list[bytes], now_ns: int) -> bytes:  # noqa: ARG002 - not timed
        """Return the answers to requests with these reply subjects."""
        tail = b" %d\r\n%s\r\n" % (len(self._body), self._body)
        return b"".join([b"PUB %s%s" % (reply, tail) for reply in replies])

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take messages, up to anything else: runs of one shape first, then one by one."""
        places: list[int] = []
        sizes: list[int] = []
        at = 0
        # Where one begins no run, the next ones most often do not either.
        while not self._is_reply and (run := self._run(data, at)):
            begin, size, rows = run
            places += range(begin, begin + len(rows) * rows.size, rows.size)
            sizes += [size] * len(rows)
            at += len(rows) * rows.size
        for head, begin, end in messages(self._message, data, at):
            places.append(begin)
            sizes.append(end - 2 - begin)
            if self._is_reply and head["reply"]:
                self._replies.append(head["reply"])
            at = end
        if places:
            self._take(data, places, sizes, now_ns)
        return at

    def _run(self, data: bytes, at: int) -> tuple[int, int, FrameMatrix] | None:
        """Return the messages of one shape from `at` on; None when they are few.

        Returns:
            Where the payload of the first begins, the bytes of each payload, and the frames.
        """
        head = self._message.match(data, at)
        if head is None:
            return None
        size, header = int(head["size"]), int(head["header"] or 0)
        end = head.end() + size + 2
        if header > size or (len(data) - at) // (end - at) < FEWEST:
            return None
        digits = numbers_in_group(head, "subject")
        if self._core.subject_count > 1:
            digits += numbers_in_group(head, "sid")
        rows = FrameShape(data[at:end], head.end() - at, digits).matrix(data, at)
        return None if rows is None else (head.end() + header, size - header, rows)

    def _take(self, data: bytes, places: list[int], sizes: list[int], now_ns: int) -> None:
        self._heard_ns = now_ns
        if self._closing:
            return
        limit = self._plan.messages
        if limit is not None:
            room = limit - self._taken
            places, sizes = places[:room], sizes[:room]
        self._taken += len(places)
        self.recorder.attempted += len(places)
        self.recorder.complete(len(places), sum(sizes), now_ns)
        log_ns = now_ns + self._start.log_offset_ns
        self.recorder.latency(self._inspector.inspect(data, places, sizes, log_ns), now_ns)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take a message with headers, or an error."""
        if isinstance(frame, ServerError):
            if self._is_denial(frame.text):
                self._denial = frame.text
            else:
                self.recorder.refuse(frame.text)
        elif isinstance(frame, MessageFrame):
            if self._is_reply and frame.reply:
                self._replies.append(frame.reply)
            self._take(frame.payload, [0], [len(frame.payload)], now_ns)
        elif isinstance(frame, Pong):
            self._final_flush.on_pong()

    def _is_denial(self, words: str) -> bool:
        """Whether the server refuses the only subscription: then nothing will ever come."""
        refused = f'{_DENIED}"{self._core.subject}"'
        return self._core.subject_count == 1 and words.lower().startswith(refused.lower())

    def on_time(self, now_ns: int) -> None:
        """End when the duration has passed, or when nothing will come or has come for long."""
        if self._denial and not self._is_full:
            self.give_up(ErrorClass.PERMISSION_DENIED, self._denial, now_ns)
        if self._end_ns and now_ns >= self._end_ns:
            self._closing = True
        silent_ns = now_ns - self._heard_ns
        if self._plan.messages is not None and silent_ns >= self._core.timeout_ms * 1_000_000:
            if not self._is_full:
                seconds = self._core.timeout_ms / 1000
                self.give_up(ErrorClass.STARVED, f"nothing came for {seconds:g} s", now_ns)
            self._closing = True
        if self._final_flush.is_late(now_ns) and not self._final_flush.is_over:
            self.recorder.add_finding(ErrorClass.TIMEOUT, LATE)
            self._final_flush.is_over = True

    def on_disconnect(self, words: str, now_ns: int) -> None:  # noqa: ARG002 - nothing has failed
        """Drop the replies that were due; messages that are published meanwhile are missed."""
        self._replies.clear()

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail the messages that are missing; without a number of them, say that it ended."""
        missing = 0 if self._plan.messages is None else self._plan.messages - self._taken
        if not self._is_full:
            self.recorder.fail_unsent(error_class, words, missing, now_ns)
        self._closing = True

    def abandon(self, now_ns: int) -> None:  # noqa: ARG002 - what came is counted
        """Take nothing more."""
        self._closing = True

    def stop(self) -> None:
        """Take nothing more."""
        self._closing = True

    @property
    def _is_full(self) -> bool:
        """Whether it takes no more messages."""
        all_taken = self._plan.messages is not None and self._taken >= self._plan.messages
        return self._closing or all_taken

    @property
    def done(self) -> bool:
        """Whether this client has its messages, and the server has read its replies."""
        return self._is_full and not self._replies and self._final_flush.is_over
