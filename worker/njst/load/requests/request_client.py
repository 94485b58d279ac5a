"""Numbered requests, each with one answer, and at most so many of them without one.

The last token of a reply subject tells the number of its request, so an answer names that. Each
request is made once; nothing is retried. With an offered rate each request is due at its own
instant and leaves then, unless the window is full: then it waits, and its latency says so, because
that counts from the instant.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.load_client import StartTime
from njst.load.pacing.pacer import Pacer
from njst.load.protocol import encoder
from njst.load.protocol.digits import DIGITS
from njst.load.protocol.parser import Frame, MessageFrame, ServerError
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.protocol.request_numbers import Array, RequestNumbers, as_array, as_list
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import (
    CHUNK_BYTES,
    FEW,
    Answers,
    RepliedCodec,
    RequestCodec,
    Sizes,
    _those,
    bytes_of,
)
from njst.load.requests.in_flight import Chunk, InFlight
from njst.load.requests.permission_errors import PermissionErrors, is_too_large

_SID = 1


class RequestClient:
    """One client that makes requests."""

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        recorder: Recorder,
        requests: RequestCodec,
        lost: Callable[[Sequence[int]], None] | None = None,
        receipts: ProducerReceipts | None = None,
    ) -> None:
        """`lost` is told which requests will have no outcome that anybody knows."""
        self.recorder = recorder
        self._lost = lost
        self._receipts = receipts
        self._plan = plan
        self._requests = requests
        self._tokens = requests.tokens if isinstance(requests, RepliedCodec) else ReplyTokens()
        self._inbox = inbox
        self._window = requests.window
        self._waiting = InFlight()
        self._weight = requests.weight
        self._pacer = Pacer(plan, requests.weight)
        self._schedule = self._pacer.schedule
        self._start = StartTime(0)
        self._look_ns = 0
        self._permission_errors = PermissionErrors(recorder, requests, self._frames)
        # Messages before this number were due while the window was full.
        self._held_until = 0
        self._chunk = max(1, min(self._window, CHUNK_BYTES // requests.frame_bytes))
        self._timeout_ns = plan.timeout_ms * 1_000_000
        # At an offered rate: when its duration ends, and when an answer came last.
        self._end_ns = 0
        self._heard_ns = 0
        # Messages that were in flight when the load ended, and were not waited for.
        self._abandoned = 0

    def opening(self) -> bytes:
        """Subscribe to the answers."""
        return encoder.sub(f"{self._inbox}.*", _SID)

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._start = start
        self._pacer.start(start)
        if self._schedule is not None and self._plan.duration_ms is not None:
            self._end_ns = start.at_ns + self._plan.duration_ms * 1_000_000

    def next_bytes(self, now_ns: int) -> bytes:
        """Return as many requests as are due and the window has room for, up to a chunk."""
        room = self._window - len(self._waiting)
        if room <= 0:
            self._held_until = self._pacer.due_count(now_ns)
            return b""
        first = self._pacer.next
        count = self._pacer.take(min(room, self._chunk), now_ns)
        if not count:
            return b""
        self._tokens.use(first, count, self._waiting.oldest(first))
        self._waiting.add(first, count, now_ns)
        self._note_left(first, count)
        return self._requests.encode(first, count, now_ns + self._start.log_offset_ns)

    def _note_left(self, first: int, count: int) -> None:
        """Enter into the books that requests have left."""
        if self._receipts is not None:
            self._receipts.send(first + count)
        if first < self._held_until:
            self.recorder.window_delayed += min(count, self._held_until - first)
        self.recorder.attempted += self._messages(range(first, first + count))

    def _messages(self, numbers: Sequence[int] | RequestNumbers) -> int:
        """Return how many messages these requests are."""
        if self._weight == 1:
            return len(numbers)
        whole = self._plan.messages
        if whole is None:
            return len(numbers) * self._weight
        return sum(min(self._weight, whole - int(n) * self._weight) for n in numbers)

    def due_ns(self) -> int | None:
        """Return when the next request is due, if it has an instant and there is one."""
        return self._pacer.due_ns()

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take a chunk that holds nothing but good answers; leave any other alone."""
        answers = self._requests.scan(data)
        if answers.taken:
            if answers.duplicates:
                self._count_duplicates(answers.duplicates)
            self._settle(answers.numbers, answers.sizes, now_ns)
        return answers.taken

    def _count_duplicates(self, numbers: Sequence[int]) -> None:
        """Count those that are in flight: an answer after its time-out changes nothing."""
        known = [number for number in set(numbers) if number in self._waiting]
        self.recorder.duplicates += len(known)
        if self._receipts is not None:
            self._receipts.duplicate(known)

    def _settle(self, numbers: list[int] | RequestNumbers, sizes: Sizes, now_ns: int) -> None:
        """Take answers; one that comes after its time-out changes nothing any more."""
        if len(numbers) <= FEW:
            self._settle_few(as_list(numbers), sizes, now_ns)
            return
        if isinstance(numbers, range) and (taken := self._waiting.take_next(numbers)):
            self._record_chunks(numbers, taken, bytes_of(sizes, len(numbers)), now_ns)
            return
        sent = np.array(self._waiting.take_many(as_list(numbers)), dtype=np.int64)
        known = as_array(numbers)
        good = sent != 0
        if not good.all():
            known, sent, sizes = known[good], sent[good], _those(sizes, good)
        self._record(known, sent, bytes_of(sizes, len(known)), now_ns)

    def _settle_few(self, numbers: list[int], sizes: Sizes, now_ns: int) -> None:
        sent: list[int] = []
        known: list[int] = []
        size = 0
        for place, number in enumerate(numbers):
            at = self._waiting.take(number)
            if at:
                known.append(number)
                sent.append(at)
                size += sizes if isinstance(sizes, int) else int(sizes[place])
        if known:
            self._record_few(known, sent, size, now_ns)

    def _count(self, numbers: list[int] | RequestNumbers, size: int, now_ns: int) -> None:
        """Count requests that are done."""
        self._heard_ns = now_ns
        if self._receipts is not None:
            self._receipts.acknowledge(numbers)
        self.recorder.complete(self._messages(numbers), size, now_ns)

    def _record_chunks(
        self, numbers: range, chunks: Sequence[Chunk], size: int, now_ns: int
    ) -> None:
        """The same as `_record`, without a look at each."""
        if self._schedule is not None:
            sent = [np.full(chunk.end - chunk.first, chunk.sent_ns) for chunk in chunks]
            self._record(numbers, np.concatenate(sent), size, now_ns)
            return
        self._count(numbers, size, now_ns)
        for first, end, sent_ns in chunks:
            self.recorder.latency_times(now_ns - sent_ns, end - first, now_ns)

    def _record(self, numbers: RequestNumbers, sent_ns: Array, size: int, now_ns: int) -> None:
        self._count(numbers, size, now_ns)
        self._record_times(numbers, sent_ns, now_ns, now_ns)

    def _record_times(
        self, numbers: RequestNumbers, sent_ns: Array, done_ns: Array | int, now_ns: int
    ) -> None:
        """Record how long requests took; `now_ns` says whether the warm-up is over."""
        if self._schedule is None:
            self.recorder.latency(done_ns - sent_ns, now_ns)
            return
        due = self._schedule.due_many_ns(as_array(numbers)) + self._start.at_ns
        self.recorder.latency(done_ns - due, now_ns)
        self.recorder.paced(done_ns - sent_ns, sent_ns - due, now_ns)

    def _record_few(self, numbers: list[int], sent_ns: list[int], size: int, now_ns: int) -> None:
        """The same as `_record`, without numpy."""
        self._count(numbers, size, now_ns)
        service = [now_ns - at for at in sent_ns]
        if self._schedule is None:
            self.recorder.latency(service, now_ns)
            return
        due_ns, start_ns = self._schedule.due_ns, self._start.at_ns
        due = [due_ns(number) + start_ns for number in numbers]
        self.recorder.latency([now_ns - at for at in due], now_ns)
        slip = [at - wanted for at, wanted in zip(sent_ns, due, strict=True)]
        self.recorder.paced(service, slip, now_ns)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take an answer, an error, or what the server says of the connection."""
        if isinstance(frame, ServerError):
            self._refuse(frame.text, now_ns)
            return
        if not isinstance(frame, MessageFrame):
            return
        token = frame.subject.rpartition(b".")[2]
        try:
            value = int(token, 16) if len(token) == DIGITS else -1
        except ValueError:
            value = -1
        if value < 0:
            self.recorder.find(ErrorClass.PROTOCOL, f"a reply to nothing: {frame.subject[:80]!r}")
            return
        number = self._tokens.number(value) // self._weight
        if number not in self._waiting:
            return  # what comes after its time-out changes nothing any more
        answer = self._requests.answer(number, frame)
        if answer is None:
            return
        if isinstance(answer, Answers):
            self._count_duplicates(answer.duplicates)
            self._settle(answer.numbers, answer.sizes, now_ns)
        elif isinstance(answer, int):
            self._settle_few([number], answer, now_ns)
        elif self._waiting.take(number):
            self._heard_ns = now_ns
            self._permission_errors.settled()
            count = self._messages([number])
            self.recorder.fail(answer.error_class, answer.words, count, now_ns)

    def _refuse(self, words: str, now_ns: int) -> None:
        """Take what the server says of the connection; of a denied request it is the outcome."""
        number = self._permission_errors.hear(words, list(self._waiting))
        if number is not None and self._waiting.take(number):
            self._permission_errors.settled()
            self._forget([number])
            count = self._messages([number])
            self.recorder.fail(ErrorClass.PERMISSION_DENIED, words, count, now_ns)

    def _frames(self, number: int) -> int:
        """Return of how many messages to the server a request is made."""
        is_batch = self._plan.publish is not None and self._weight > 1
        return self._messages([number]) if is_batch else 1

    def on_time(self, now_ns: int) -> None:
        """Count what has waited too long for its answer."""
        self._pacer.look(now_ns)
        if self._end_ns and now_ns >= self._end_ns + self._timeout_ns:
            self._end_in_silence(now_ns)
        if not self._waiting or now_ns < self._look_ns:
            return
        # Looking at each request costs something; a time-out may be noticed 5 % late.
        self._look_ns = now_ns + self._timeout_ns // 20
        words = f"no answer within {self._timeout_ns // 1_000_000} ms"
        self._fail_all(self._waiting.take_late(now_ns - self._timeout_ns), words, now_ns)

    def _end_in_silence(self, now_ns: int) -> None:
        """Give up what should have left in a duration that is over, if nothing answers any more.

        A target that is only slow gets all of it, however late.
        """
        if self._pacer.is_over or now_ns - self._heard_ns < self._timeout_ns:
            return
        words = f"no answer for {self._timeout_ns // 1_000_000} ms after the duration"
        self.give_up(ErrorClass.TIMEOUT, words, now_ns)

    def _fail_all(
        self,
        requests: Mapping[int, int],
        words: str,
        now_ns: int,
        kind: ErrorClass = ErrorClass.TIMEOUT,
    ) -> None:
        """Count requests whose outcome nobody will hear, with the time that they have waited.

        Where the server denied messages without naming a request, it was these.
        """
        numbers = list(requests)
        self._forget(numbers)
        self._cut_off(requests, now_ns)
        count = self._messages(numbers)
        denied = self._permission_errors.explain(count)
        self.recorder.fail(
            ErrorClass.PERMISSION_DENIED, self._permission_errors.words, denied, now_ns
        )
        self.recorder.fail(kind, words, count - denied, now_ns)

    def _cut_off(self, requests: Mapping[int, int], now_ns: int) -> None:
        """Record that requests have waited for so long by now, and were given up."""
        if not requests:
            return
        sent = np.fromiter(requests.values(), dtype=np.int64, count=len(requests))
        if self._schedule is None:
            self.recorder.cut_off(now_ns - sent, now_ns)
            return
        numbers = np.fromiter(requests, dtype=np.int64, count=len(requests))
        due = self._schedule.due_many_ns(numbers) + self._start.at_ns
        self.recorder.cut_off(now_ns - due, now_ns)
        self.recorder.paced(now_ns - sent, sent - due, now_ns)

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what was in flight: it may be done or not, so it is no success."""
        requests = self._waiting.clear()
        if requests and is_too_large(words):
            # One message made the server close the connection; the others are cut off with it.
            number = next(iter(requests))
            alone = {number: requests.pop(number)}
            self._fail_all(alone, words, now_ns, ErrorClass.PAYLOAD_TOO_LARGE)
        self._fail_all(requests, words, now_ns, ErrorClass.DISCONNECTED)

    def give_up(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; without a number of messages, say that it ended."""
        due_count = self._pacer.due_count(now_ns)
        numbers = self._pacer.drop()
        # Only what was due has waited: of a long load that is little of what is left.
        late = numbers[: max(0, due_count - numbers.start)]
        if self._schedule is not None and late:
            due = self._schedule.due_many_ns(as_array(late)) + self._start.at_ns
            self.recorder.cut_off(now_ns - due[due <= now_ns], now_ns)
        self.recorder.fail_unsent(kind, words, self._messages(numbers), now_ns)

    def abandon(self, now_ns: int) -> None:
        """Leave what is in flight without an outcome."""
        requests = self._waiting.clear()
        self._cut_off(requests, now_ns)
        self._forget(list(requests))
        self._abandoned += self._messages(list(requests))
        self._pacer.is_closed = True

    @property
    def unfinished(self) -> int:
        """How many messages are in flight, or were abandoned."""
        in_flight = len(self._waiting) if self._weight == 1 else self._messages(list(self._waiting))
        return self._abandoned + in_flight

    def _forget(self, numbers: Sequence[int]) -> None:
        """Tell whoever wants to know which requests have no outcome; an answer may come late."""
        if numbers:
            self._tokens.renew(self._pacer.next, self._waiting.oldest(self._pacer.next))
        if self._lost is not None:
            self._lost(numbers)

    def stop(self) -> None:
        """Send nothing new."""
        self._pacer.is_closed = True

    @property
    def done(self) -> bool:
        """Whether all that was to be sent has an outcome."""
        return self._pacer.is_over and not self._waiting
