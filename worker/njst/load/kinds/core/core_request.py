"""Core NATS: which client does what; subscribe, and request with reply."""

import re

from njst.contract.kinds.core import CoreOperation
from njst.contract.kinds.payload import (
    PayloadPlan,
)
from njst.contract.plan import (
    ClientPlan,
)
from njst.contract.results.tallies import (
    ErrorClass,
)
from njst.load.kinds.core.core_publish import CorePublishWorkload, core_cycle
from njst.load.kinds.final_flush import LATE, Farewell
from njst.load.load_client import Start, Workload
from njst.load.protocol import encoder, stamp
from njst.load.protocol.digits import numbers_of
from njst.load.protocol.jetstream_answers import Failure, status_of
from njst.load.protocol.parser import Frame, Message, Pong, ServerError
from njst.load.recording.integrity import Consumed, Inspector
from njst.load.recording.recorder import Ledger
from njst.load.requests.fastpath.closed_loop import call_workload
from njst.load.requests.request_client import Answers
from njst.load.scan.frame_matrix import FEWEST, Shape, numbers_in_group
from njst.load.templates.frame_cycle import Seal
from njst.load.templates.payloads import bodies

QUEUE = "njst"
_SID = 1
_NOTHING = Answers([], 0, 0)


def core_workload(
    plan: ClientPlan, inbox: str, ledger: Ledger, job: str, consumed: Consumed
) -> Workload:
    """Return the client of a core plan."""
    core = plan.core
    assert core is not None
    if core.operation is CoreOperation.PUBLISH:
        return CorePublishWorkload(plan, ledger, job)
    if core.operation is CoreOperation.REQUEST:
        return call_workload(plan, inbox, ledger, CoreRequests(plan, inbox, job))
    is_ordered = core.operation is not CoreOperation.REPLY
    inspector = Inspector(stamp.job_code(job), ledger, consumed, is_ordered=is_ordered)
    return CoreReceiveWorkload(plan, ledger, inspector)


class CoreReceiveWorkload:
    """Subscribe, or answer requests: each client its own number of messages."""

    def __init__(self, plan: ClientPlan, ledger: Ledger, inspector: Inspector) -> None:
        core = plan.core
        assert core is not None
        self.ledger = ledger
        self._plan = plan
        self._core = core
        self._inspector = inspector
        self._is_reply = core.operation is CoreOperation.REPLY
        self._body = bodies(
            PayloadPlan(bytes_min=core.payload_bytes, bytes_max=core.payload_bytes), 1, plan.index
        )[0]
        self._message = re.compile(
            rb"MSG (?P<subject>\S+) 1 (?:(?P<reply>\S+) )?(?P<size>\d{1,9})\r\n"
        )
        self._replies: list[bytes] = []
        self._farewell = Farewell()
        self._taken = 0
        self._start = Start(0)
        self._end_ns = 0
        self._heard_ns = 0
        self._closing = False

    @property
    def pings(self) -> int:
        """How many PINGs it has ever sent."""
        return self._farewell.pings

    def opening(self) -> bytes:
        """Subscribe; those who reply share the requests, and take no more than their part."""
        self._farewell.start_again()
        if not self._is_reply:
            return encoder.sub(self._core.subject, _SID)
        share = b"SUB %s %s %d\r\n" % (self._core.subject.encode(), QUEUE.encode(), _SID)
        if self._plan.messages is None:
            return share
        missing = self._plan.messages - self._taken
        return share + encoder.unsub_after(_SID, missing) if missing > 0 else b""

    def start(self, start: Start) -> None:
        """Begin."""
        self._start = start
        self._heard_ns = start.at_ns
        duration_ms = self._plan.duration_ms
        self._end_ns = start.at_ns + duration_ms * 1_000_000 if duration_ms is not None else 0

    def due_ns(self) -> int | None:
        """Return None: others set the pace."""
        return None

    def next_bytes(self, now_ns: int) -> bytes:
        """Return the replies that are due, behind the last of them a PING."""
        if not self._replies:
            return self._farewell.ask(now_ns) if self._is_full else b""
        tail = b" %d\r\n%s\r\n" % (len(self._body), self._body)
        out = b"".join([b"PUB %s%s" % (reply, tail) for reply in self._replies])
        self._replies.clear()
        return out

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take messages as long as they are plain ones."""
        match = self._message.match
        places: list[int] = []
        sizes: list[int] = []
        at, limit = 0, len(data)
        looks = not self._is_reply
        while head := match(data, at):
            size = int(head["size"])
            end = head.end() + size + 2
            if end > limit:
                break
            if looks and (limit - at) // (end - at) >= FEWEST:
                digits = numbers_in_group(head, "subject")
                rows = Shape(data[at:end], head.end() - at, digits).grid(data, at)
                if rows is not None:
                    places += range(head.end(), head.end() + len(rows) * rows.size, rows.size)
                    sizes += [size] * len(rows)
                    at += len(rows) * rows.size
                    continue
                # Where one begins no run, the next ones most often do not either.
                looks = False
            places.append(head.end())
            sizes.append(size)
            if self._is_reply and head["reply"]:
                self._replies.append(head["reply"])
            at = end
        if places:
            self._take(data, places, sizes, now_ns)
        return at

    def _take(self, data: bytes, places: list[int], sizes: list[int], now_ns: int) -> None:
        self._heard_ns = now_ns
        if self._closing:
            return
        limit = self._plan.messages
        if limit is not None:
            room = limit - self._taken
            places, sizes = places[:room], sizes[:room]
        self._taken += len(places)
        self.ledger.attempted += len(places)
        self.ledger.complete(len(places), sum(sizes), now_ns)
        log_ns = now_ns + self._start.log_offset_ns
        self.ledger.latency(self._inspector.inspect(data, places, sizes, log_ns), now_ns)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take a message with headers, or an error."""
        if isinstance(frame, ServerError):
            self.ledger.refuse(frame.text)
        elif isinstance(frame, Message):
            if self._is_reply and frame.reply:
                self._replies.append(frame.reply)
            self._take(frame.payload, [0], [len(frame.payload)], now_ns)
        elif isinstance(frame, Pong):
            self._farewell.hear()

    def on_time(self, now_ns: int) -> None:
        """End when the duration has passed, or when nothing has come for long."""
        if self._end_ns and now_ns >= self._end_ns:
            self._closing = True
        silent_ns = now_ns - self._heard_ns
        if self._plan.messages is not None and silent_ns >= self._core.timeout_ms * 1_000_000:
            if not self._is_full:
                seconds = self._core.timeout_ms / 1000
                self.give_up(ErrorClass.STARVED, f"nothing came for {seconds:g} s", now_ns)
            self._closing = True
        if self._farewell.is_late(now_ns) and not self._farewell.is_over:
            self.ledger.find(ErrorClass.TIMEOUT, LATE)
            self._farewell.is_over = True

    def on_disconnect(self, words: str, now_ns: int) -> None:  # noqa: ARG002 - nothing has failed
        """Drop the replies that were due; what is published meanwhile is missed."""
        self._replies.clear()

    def give_up(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """Fail the messages that are missing; without a number of them, say that it ended."""
        missing = 0 if self._plan.messages is None else self._plan.messages - self._taken
        if not self._is_full:
            self.ledger.fail_unsent(kind, words, missing, now_ns)
        self._closing = True

    def abandon(self, now_ns: int) -> None:  # noqa: ARG002 - what came is counted
        """Take nothing more."""
        self._closing = True

    @property
    def unfinished(self) -> int:
        """Return 0: a message is attempted when it comes, and done."""
        return 0

    def stop(self) -> None:
        """Want nothing more."""
        self._closing = True

    @property
    def _is_full(self) -> bool:
        """Whether it wants no more messages."""
        all_taken = self._plan.messages is not None and self._taken >= self._plan.messages
        return self._closing or all_taken

    @property
    def done(self) -> bool:
        """Whether this client has its messages, and the server has read its replies."""
        return self._is_full and not self._replies and self._farewell.is_over


class CoreRequests:
    """Requests to whoever replies."""

    weight = 1

    def __init__(self, plan: ClientPlan, inbox: str, job: str) -> None:
        core = plan.core
        assert core is not None
        self.window = core.window
        self.frame_bytes = core.payload_bytes + 64
        self._size = core.payload_bytes
        self._subject = core.subject
        self._cycle = core_cycle(plan, core, inbox, job)
        self._reply = re.compile(
            rb"MSG " + re.escape(inbox.encode()) + rb"\.([0-9a-f]{10}) 1 (\d{1,9})\r\n"
        )

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the requests."""
        return self._cycle.encode(first, count, log_ns)

    def ready(self, first: int, count: int) -> Seal:
        """Return what stamps each of some requests that lie ready."""
        return self._cycle.ready(first, count)

    def subject(self, number: int) -> str:  # noqa: ARG002 - all go to one
        """Return where a request goes: what is denied there is the oldest of them."""
        return self._subject

    def scan(self, data: bytes) -> Answers:
        """Take replies as long as they are plain ones."""
        tokens: list[bytes] = []
        at = 0
        while head := self._reply.match(data, at):
            end = head.end() + int(head[2]) + 2
            if end > len(data):
                break
            tokens.append(head[1])
            at = end
        return Answers(numbers_of(tokens), self._size, at) if tokens else _NOTHING

    def answer(self, number: int, message: Message) -> int | Failure:  # noqa: ARG002
        """Return the size of the request, or that nobody replies."""
        status = status_of(message)
        if status is None:
            return self._size
        if status.code == 503:
            return Failure(ErrorClass.NO_RESPONDERS, "503 no responders: nobody replies")
        return Failure(ErrorClass.OTHER, str(status))
