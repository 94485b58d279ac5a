"""Numbered requests, each with one answer, and a bounded number of them in flight.

The last token of a reply subject names the request, so an answer does too. Each request is sent
once; nothing is retried. At an offered rate a request leaves when it is due, unless the window is
full: then it waits, and its latency includes the wait, since that counts from the due time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.load_client import LoadClient, NextRequest, StartTime
from njst.load.protocol import encoder
from njst.load.protocol.digits import DIGITS
from njst.load.protocol.parser import Frame, MessageFrame, ServerError, parse
from njst.load.requests.codec import CHUNK_BYTES, Answers, RequestCodec
from njst.load.requests.outcomes import Outcomes
from njst.load.requests.permission_errors import PermissionErrors, is_too_large

_SID = 1


class FastPath(Protocol):
    """A shorter way for plain answers; what it has taken is recorded when `flush` is called."""

    def next_request(self, data: bytes, now_ns: int) -> bytes | memoryview:
        """Take the answer that is missing and return the next request.

        Returns:
            Nothing, and nothing is taken, when `data` is anything else or no request is ready.
        """
        ...

    def flush(self, take: Callable[[bytes, int], None]) -> None:
        """Record the answers that were taken; `take` records any others one by one."""
        ...

    def begin(self, until_ns: int, log_offset_ns: int) -> None:
        """Take answers from now on, until an instant; 0: without an end."""
        ...

    def on_sent(self) -> None:
        """Go on from the newest request, which the client has sent."""
        ...

    def on_answer(self, data: bytes) -> None:
        """Learn from an answer that the client has taken; prepare for the next ones."""
        ...

    def drop(self) -> None:
        """Discard the requests that are prepared."""
        ...


class RequestClient(LoadClient):
    """One client that makes requests."""

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        codec: RequestCodec,
        outcomes: Outcomes,
        fast_path: FastPath | None = None,
    ) -> None:
        """Answers come to `<inbox>.<token>`."""
        self.recorder = outcomes.recorder
        self._plan = plan
        self._inbox = inbox
        self._codec = codec
        self._tokens = codec.tokens
        self._outcomes = outcomes
        self._in_flight = outcomes.in_flight
        self._pacer = outcomes.pacer
        self._fast = fast_path
        if fast_path is not None:
            self.recorder.before_reading(self._flush)
        self._log_offset_ns = 0
        self._chunk = max(1, min(codec.window, CHUNK_BYTES // codec.frame_bytes))
        self._timeout_ns = plan.timeout_ms * 1_000_000
        # When to look for time-outs again.
        self._look_ns = 0
        # At an offered rate: when its duration ends.
        self._end_ns = 0
        # Messages that were in flight when the load ended, and were not waited for.
        self._abandoned = 0
        self._permission_errors = PermissionErrors(self.recorder, codec.address, self._frames)

    @property
    def next_request(self) -> NextRequest | None:
        """The fast path, if there is one."""
        return None if self._fast is None else self._fast.next_request

    def _flush(self) -> None:
        """Record what the fast path has taken: before anything else reads or changes the state."""
        if self._fast is not None:
            self._fast.flush(self._take_all)

    def opening(self) -> bytes:
        """Subscribe to the answers."""
        return encoder.sub(f"{self._inbox}.*", _SID) + self._codec.opening()

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._log_offset_ns = start.log_offset_ns
        self._outcomes.start_ns = start.at_ns
        self._pacer.start(start)
        if self._pacer.schedule is not None and self._plan.duration_ms is not None:
            self._end_ns = start.at_ns + self._plan.duration_ms * 1_000_000
        if self._fast is not None:
            self._fast.begin(self._pacer.end_ns, start.log_offset_ns)

    def next_bytes(self, now_ns: int) -> bytes:
        """Return the next frames of requests in flight, else new requests."""
        self._flush()
        log_ns = now_ns + self._log_offset_ns
        out = self._codec.more(log_ns) or self._new_requests(now_ns, log_ns)
        if self._fast is not None:
            self._fast.on_sent()
        return out

    def _new_requests(self, now_ns: int, log_ns: int) -> bytes:
        """Return as many requests as are due and the window has room for, up to a chunk."""
        room = self._codec.window - len(self._in_flight)
        if room <= 0:
            self._outcomes.held_until = self._pacer.due_count(now_ns)
            return b""
        first = self._pacer.next
        count = self._pacer.take(min(room, self._chunk), now_ns)
        if not count:
            return b""
        self._tokens.use(first, count, self._in_flight.oldest(first))
        self._outcomes.sent(first, count, now_ns)
        return self._codec.encode(first, count, log_ns)

    def due_ns(self) -> int | None:
        """Return when the next request is due; None when answers set the pace, or none is left."""
        return self._pacer.due_ns()

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take the good answers at the beginning of a chunk."""
        self._flush()
        taken = self._take(data, now_ns)
        if self._fast is not None:
            self._fast.on_answer(data[:taken])
        return taken

    def _take(self, data: bytes, now_ns: int) -> int:
        answers = self._codec.scan(data)
        if answers.taken:
            self._outcomes.answered(answers, now_ns)
        return answers.taken

    def _take_all(self, data: bytes, now_ns: int) -> None:
        """Take whole answers of any kind."""
        taken = self._take(data, now_ns)
        for frame in parse(data[taken:])[0]:
            self._take_frame(frame, now_ns)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take an answer, an error, or what the server says of the connection."""
        self._flush()
        self._take_frame(frame, now_ns)

    def _take_frame(self, frame: Frame, now_ns: int) -> None:
        if isinstance(frame, ServerError):
            self._on_error(frame.text, now_ns)
        elif isinstance(frame, MessageFrame):
            message = self._codec.translate(frame)
            if message is not None:
                self._take_message(message, now_ns)

    def _take_message(self, message: MessageFrame, now_ns: int) -> None:
        token = message.subject.rpartition(b".")[2]
        try:
            value = int(token, 16) if len(token) == DIGITS else -1
        except ValueError:
            value = -1
        if value < 0:
            subject = message.subject[:80]
            self.recorder.add_finding(ErrorClass.PROTOCOL, f"a reply to nothing: {subject!r}")
            return
        number = self._tokens.number(value) // self._codec.weight
        if number not in self._in_flight:
            return  # a request that timed out before stays failed
        answer = self._codec.answer(number, message)
        if isinstance(answer, int):
            answer = Answers([number], answer, 0)
        if isinstance(answer, Answers):
            self._outcomes.answered(answer, now_ns)
        elif answer is not None and self._outcomes.fail(
            number, answer.error_class, answer.words, now_ns
        ):
            self._outcomes.answered_ns = now_ns
            self._permission_errors.settled()

    def _on_error(self, words: str, now_ns: int) -> None:
        """Fail the request that the server denied; else record what it says of the connection."""
        number = self._permission_errors.on_error(words, list(self._in_flight))
        if number is not None and self._outcomes.fail(
            number, ErrorClass.PERMISSION_DENIED, words, now_ns
        ):
            self._permission_errors.settled()
            self._forget([number])

    def _frames(self, number: int) -> int:
        """Return how many messages to the server a request is."""
        return self._outcomes.messages([number]) if self._codec.sends_each_message else 1

    def on_time(self, now_ns: int) -> None:
        """Fail the requests whose answer is overdue."""
        self._flush()
        self._pacer.look(now_ns)
        if self._end_ns and now_ns >= self._end_ns + self._timeout_ns:
            self._end_in_silence(now_ns)
        if not self._in_flight or now_ns < self._look_ns:
            return
        # To look at each request costs something; a time-out may be noticed 5 % late.
        self._look_ns = now_ns + self._timeout_ns // 20
        words = f"no answer within {self._timeout_ns // 1_000_000} ms"
        self._fail_all(self._in_flight.take_late(now_ns - self._timeout_ns), words, now_ns)

    def _end_in_silence(self, now_ns: int) -> None:
        """Give up what is left of a duration that is over, if answers have stopped.

        A target that is only slow gets all of it, however late.
        """
        if self._pacer.is_over or now_ns - self._outcomes.answered_ns < self._timeout_ns:
            return
        words = f"no answer for {self._timeout_ns // 1_000_000} ms after the duration"
        self.give_up(ErrorClass.TIMEOUT, words, now_ns)

    def _fail_all(
        self,
        requests: Mapping[int, int],
        words: str,
        now_ns: int,
        error_class: ErrorClass = ErrorClass.TIMEOUT,
    ) -> None:
        """Fail requests that will have no answer: when each was sent, by number.

        Messages that the server denied without naming a request were among them.
        """
        numbers = list(requests)
        self._forget(numbers)
        self._outcomes.cut_off(requests, now_ns)
        count = self._outcomes.messages(numbers)
        denied = self._permission_errors.explain(count)
        self.recorder.fail(
            ErrorClass.PERMISSION_DENIED, self._permission_errors.words, denied, now_ns
        )
        self.recorder.fail(error_class, words, count - denied, now_ns)

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what was in flight: its outcome is unknown, so it is no success."""
        self._flush()
        requests = self._in_flight.clear()
        if requests and is_too_large(words):
            # One message made the server close the connection; the others are cut off with it.
            number = next(iter(requests))
            alone = {number: requests.pop(number)}
            self._fail_all(alone, words, now_ns, ErrorClass.PAYLOAD_TOO_LARGE)
        self._fail_all(requests, words, now_ns, ErrorClass.DISCONNECTED)

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; without a number of messages, say that it ended."""
        self._flush()
        self._outcomes.fail_unsent(error_class, words, now_ns)

    def abandon(self, now_ns: int) -> None:
        """Leave what is in flight without an outcome."""
        self._flush()
        requests = self._in_flight.clear()
        self._outcomes.cut_off(requests, now_ns)
        self._forget(list(requests))
        self._abandoned += self._outcomes.messages(list(requests))
        self._pacer.is_closed = True

    @property
    def unfinished(self) -> int:
        """How many messages are in flight, or were abandoned."""
        self._flush()
        return self._abandoned + self._outcomes.messages(self._in_flight)

    def _forget(self, numbers: Sequence[int]) -> None:
        """Let nothing wait for requests that have no outcome; an answer may still come."""
        if not numbers:
            return
        self._tokens.renew(self._pacer.next, self._in_flight.oldest(self._pacer.next))
        self._codec.forget(numbers)
        if self._fast is not None:
            # What is prepared has reply subjects that are not used any more.
            self._fast.drop()

    def stop(self) -> None:
        """Send nothing new."""
        self._flush()
        self._pacer.is_closed = True
        if self._fast is not None:
            self._fast.drop()

    @property
    def done(self) -> bool:
        """Whether all that was to be sent has an outcome."""
        return self._pacer.is_over and not self._in_flight and self._codec.is_idle
