"""Requests one at a time: an answer, and the next request follows at once.

Between an answer and the next request a server of a closed loop goes to sleep, and waking it costs
more than the time itself: as little as possible is done there. Requests lie ready, an answer is
only looked at far enough to know that it is the whole answer to this request, and what it says is
booked for many of them together. Whatever else comes, or is asked, books first and goes the general
way.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np

from njst.contract.plan import ClientPlan
from njst.load.load_client import StartTime
from njst.load.protocol.reply_tokens import FEWEST
from njst.load.protocol.request_numbers import as_list
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import RequestCodec, bytes_of
from njst.load.requests.fastpath.prebuilt import PrebuiltClient
from njst.load.templates.frame_cycle import FrameStamper

# So many requests lie ready: with the one under way, as many as there are reply subjects in turns.
# Booking and making as many again happens while none is under way: it is in no latency, and takes
# as long as some turns.
AHEAD = FEWEST - 1
# No turn is possible.
_CLOSED = sys.maxsize


class ClosedLoopClient(PrebuiltClient):
    """One client that waits for each answer."""

    most_ready = AHEAD

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        recorder: Recorder,
        requests: RequestCodec,
        ready: Callable[[int, int], FrameStamper],
        receipts: ProducerReceipts | None = None,
    ) -> None:
        super().__init__(plan, inbox, recorder, requests, ready, receipts)
        self._until_ns = 0
        # The block begins with the request that is under way when it is made; what lies ready are
        # its followers.
        self._place = _CLOSED
        # Answers that are not in the books yet, and when they came.
        self._heard: list[bytes] = []
        self._times: list[int] = []

    def start(self, start: StartTime) -> None:
        """Begin."""
        super().start(start)
        self._until_ns = self._pacer.end_ns or sys.maxsize

    def next_request(self, data: bytes, now_ns: int) -> bytes | memoryview:
        """Take the answer that is missing and return the next request.

        Returns:
            Nothing, and nothing is taken, when `data` is anything else or no request is ready.
        """
        place = self._place
        if self._stamper is None or place >= len(self._starts) or now_ns >= self._until_ns:
            return b""
        is_as_long = len(data) == self._length
        if not (is_as_long and data.startswith(self._starts[place])) and not self._is_answer(
            data, self._first + place
        ):
            return b""
        self._heard.append(data)
        self._times.append(now_ns)
        self._place = place + 1
        return self._stamper(place, now_ns + self._start.log_offset_ns)

    def _is_answer(self, data: bytes, number: int) -> bool:
        """Return whether this is the whole answer to a request and nothing else."""
        head = self._answer.match(data)
        if head is None or int(head["token"], 16) != self._tokens.of(number):
            return False
        size = int(head["size"])
        return head.end() + size + 2 == len(data) and int(head["header"] or 0) <= size

    def next_bytes(self, now_ns: int) -> bytes:
        """Return the next request the general way; turns go on from it."""
        self._book()
        out = super().next_bytes(now_ns)
        place = self._pacer.next - 1 - self._first
        if len(self._waiting) == 1 and 0 <= place < len(self._starts):
            self._place = place
        return out

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take an answer the general way; make requests ready when there are none any more."""
        self._book()
        taken = super().scan(data, now_ns)
        if taken:
            self._last = data[:taken]
        if not self._waiting and not 0 <= self._pacer.next - self._first < len(self._starts):
            self._prepare()
        return taken

    def _prepare(self) -> None:
        """Make the requests behind the next one."""
        first = self._pacer.next
        left = self._ahead
        if self._pacer.limit is not None:
            left = min(left, self._pacer.limit - first - 1)
        head = self._answer.match(self._last)
        self._starts = []
        if left <= 0 or self._pacer.is_closed or head is None:
            return
        self._first = first
        self._tokens.use(first, left + 1, first)
        self._expect(head, range(first, first + left))
        self._stamper = self._ready(first + 1, left)

    def _book(self) -> None:
        """Enter into the books what was heard; no turn follows until a request has left."""
        self._place = _CLOSED
        heard, times = self._heard, self._times
        if not heard:
            return
        self._heard, self._times = [], []
        if not self._book_together(heard, times):
            for data, now_ns in zip(heard, times, strict=True):
                self._book_one(data, now_ns)
        self._last = heard[-1]

    def _book_together(self, heard: Sequence[bytes], times: Sequence[int]) -> bool:
        """Book plain good answers; return whether they all are, and nothing is done if not."""
        if not self.recorder.counts_alike(times[0], times[-1]):
            return False
        data, count, first = b"".join(heard), len(heard), self._pacer.next - 1
        answers = self._requests.scan(data)
        wanted = range(first, first + count)
        if answers.taken != len(data) or answers.duplicates:
            return False
        if as_list(answers.numbers) != list(wanted):
            return False
        done = np.array(times, dtype=np.int64)
        sent = np.concatenate(([self._waiting.take(first)], done[:-1]))
        self._waiting.add(first + count, 1, times[-1])
        self._pacer.next += count
        if self._receipts is not None:
            self._receipts.acknowledge(wanted)
            self._receipts.send(self._pacer.next)
        self.recorder.attempted += count
        self.recorder.complete(count, bytes_of(answers.sizes, count), times[-1])
        self.recorder.latency(done - sent, times[-1])
        return True

    def _book_one(self, data: bytes, now_ns: int) -> None:
        """Book an answer of any kind, and the request that followed it."""
        self._take_generally(data, now_ns)
        self._waiting.add(self._pacer.next, 1, now_ns)
        self._pacer.next += 1
        self.recorder.attempted += 1
        if self._receipts is not None:
            self._receipts.send(self._pacer.next)
