"""One request in flight: an answer comes in, and the next request leaves at once.

Between an answer and the next request the server of a closed loop goes to sleep, and waking it
costs more than the answer itself, so as little as possible is done there: requests are prebuilt, an
answer is checked just far enough to know that it is the whole answer to this request, and many
answers are recorded together later. Anything else is left to the request client.
"""

import re
import sys
from collections.abc import Callable, Sequence

from njst.contract.plan import ClientPlan
from njst.load.protocol.reply_tokens import FEWEST
from njst.load.requests.codec import RequestCodec
from njst.load.requests.outcomes import Outcomes
from njst.load.templates.frame_cycle import FrameStamper

# Prebuilt requests: with the one in flight, as many as there are reused reply subjects. Recording
# and rebuilding happen while no request is in flight, so they are in no latency.
AHEAD = FEWEST - 1
# Bytes that the prebuilt requests of all clients of a process may take.
_BUDGET_BYTES = 32 * 1024 * 1024
# A place at which no request is ready.
_CLOSED = sys.maxsize


class ClosedLoop:
    """The fast path of a client whose window is one request of one message."""

    def __init__(
        self, plan: ClientPlan, inbox: str, codec: RequestCodec, outcomes: Outcomes
    ) -> None:
        self._inbox = inbox
        self._codec = codec
        self._tokens = codec.tokens
        self._outcomes = outcomes
        self._pacer = outcomes.pacer
        self._ahead = min(AHEAD, _BUDGET_BYTES // plan.siblings // codec.frame_bytes)
        self._head = re.compile(
            rb"(?P<verb>H?MSG )"
            + re.escape(inbox.encode())
            + rb"\.(?P<token>[0-9a-f]{10})"
            + rb"(?P<sizes> 1 (?:(?P<header>\d{1,9}) )?(?P<size>\d{1,9})\r\n)"
        )
        self._until_ns = 0
        self._log_offset_ns = 0
        # The last answer that was taken.
        self._last = b""
        # The block begins with the request that is in flight when it is built; the prebuilt
        # requests follow it. `_place` is that of the request in flight.
        self._first = 0
        self._place = _CLOSED
        self._stamper: FrameStamper | None = None
        # What an answer to each begins with if it is of this length, as the last answer was.
        self._starts: list[bytes] = []
        self._length = 0
        # Answers that are not recorded yet, and when they came.
        self._answers: list[bytes] = []
        self._times: list[int] = []

    def begin(self, until_ns: int, log_offset_ns: int) -> None:
        """Take answers until then; `log_offset_ns` leads from CLOCK_MONOTONIC to the log's time."""
        self._until_ns = until_ns or sys.maxsize
        self._log_offset_ns = log_offset_ns

    def next_request(self, data: bytes, now_ns: int) -> bytes | memoryview:
        """Take the answer to the request in flight and return the next request.

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
        self._answers.append(data)
        self._times.append(now_ns)
        self._place = place + 1
        return self._stamper(place, now_ns + self._log_offset_ns)

    def _is_answer(self, data: bytes, number: int) -> bool:
        """Return whether this is the whole answer to a request and nothing else."""
        head = self._head.match(data)
        if head is None or int(head["token"], 16) != self._tokens.of(number):
            return False
        size = int(head["size"])
        return head.end() + size + 2 == len(data) and int(head["header"] or 0) <= size

    def on_sent(self) -> None:
        """Go on from the newest request, if it is in the block and alone in flight."""
        place = self._pacer.next - 1 - self._first
        if len(self._outcomes.in_flight) == 1 and 0 <= place < len(self._starts):
            self._place = place

    def on_answer(self, data: bytes) -> None:
        """Learn from an answer; build the next block when none is left and nothing is in flight."""
        if data:
            self._last = data
        is_built = 0 <= self._pacer.next - self._first < len(self._starts)
        if not self._outcomes.in_flight and not is_built:
            self._build()

    def _build(self) -> None:
        """Build the requests that follow the next one."""
        first, count = self._pacer.next, self._ahead
        if self._pacer.limit is not None:
            count = min(count, self._pacer.limit - first - 1)
        head = self._head.match(self._last)
        self._starts = []
        if count <= 0 or self._pacer.is_closed or head is None:
            return
        self._first = first
        self._tokens.use(first, count + 1, first)
        form = head["verb"] + self._inbox.encode().replace(b"%", b"%%") + b".%010x" + head["sizes"]
        self._starts = [form % self._tokens.of(number) for number in range(first, first + count)]
        self._length = head.end() + int(head["size"]) + 2
        self._stamper = self._codec.prebuilt(first + 1, count)

    def drop(self) -> None:
        """Discard the prebuilt requests."""
        self._starts, self._length, self._stamper = [], 0, None

    def flush(self, take: Callable[[bytes, int], None]) -> None:
        """Record the answers that were taken; no other is until the client has sent a request."""
        self._place = _CLOSED
        answers, times = self._answers, self._times
        if not answers:
            return
        self._answers, self._times = [], []
        if not self._record_together(answers, times):
            for data, now_ns in zip(answers, times, strict=True):
                take(data, now_ns)
                self._pacer.next += 1
                self._outcomes.sent(self._pacer.next - 1, 1, now_ns)
        self._last = answers[-1]

    def _record_together(self, answers: Sequence[bytes], times: Sequence[int]) -> bool:
        """Record plain good answers; return whether they all are, and nothing is done if not."""
        if not self._outcomes.recorder.counts_alike(times[0], times[-1]):
            return False
        data = b"".join(answers)
        scanned = self._codec.scan(data)
        return scanned.taken == len(data) and self._outcomes.answered_in_turn(scanned, times)
