"""Direct gets (ADR-31): stored messages without a consumer, one by one."""

from collections.abc import Callable, Sequence

import numpy as np

from njst.contract.fields import Order
from njst.contract.plan import ClientPlan
from njst.load.protocol.digits import numbers_of
from njst.load.protocol.jetstream_answers import Failure, get_failure
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import FEW, NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.message_heads import answer_pattern, plain_answers
from njst.load.templates.frame_cycle import FrameStamper
from njst.load.templates.subjects import ManySubjects, draw, draw_many, expand, most_drawn, rows_for

# Up to this many subject names are prebuilt; of more, each is made when it is used.
MOST_READY = 10_000


class DirectGetCodec(RequestCodec):
    """Requests for single messages."""

    can_prebuild = True

    def __init__(
        self, asked: Callable[[int], tuple[bytes, bytes]], inbox: str, window: int
    ) -> None:
        """`asked` returns the subject and the body of a request."""
        super().__init__()
        self.window = window
        self._inbox = inbox.encode()
        self._asked = asked
        self.frame_bytes = len(b"".join(self._frames(0, 1)))
        self._answer = answer_pattern(inbox)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the requests."""
        return b"".join(self._frames(first, count))

    def prebuilt(self, first: int, count: int) -> FrameStamper:
        """Return what gives each request; requests carry no time."""
        frames = self._frames(first, count)
        return lambda place, log_ns: frames[place]  # noqa: ARG005

    def _frames(self, first: int, count: int) -> list[bytes]:
        frames = []
        for number in range(first, first + count):
            subject, body = self._asked(number)
            parts = (subject, self._inbox, number, len(body), body)
            frames.append(b"PUB %s %s.%010x %d\r\n%s\r\n" % parts)
        return frames

    def scan(self, data: bytes) -> Answers:
        """Take messages, up to a status or anything else."""
        tokens, sizes, taken = plain_answers(self._answer, data)
        if not tokens:
            return NO_ANSWERS
        if len(tokens) <= FEW:
            return Answers([int(token, 16) for token in tokens], sizes, taken)
        return Answers(numbers_of(tokens), np.array(sizes, dtype=np.int64), taken)

    def answer(self, number: int, message: MessageFrame) -> int | Failure:  # noqa: ARG002
        """Return the size of the message, or why there is none."""
        return get_failure(message) or len(message.payload)


def subject_names(
    plan: ClientPlan, stems: Sequence[str], count: int, order: Order, first: int
) -> Callable[[int], bytes]:
    """Return a function from request number to subject, of `count` below each stem."""
    whole = len(stems) * count
    if whole > MOST_READY:
        number = draw_many(order, whole, most_drawn(plan.siblings), plan.index, first)
        return ManySubjects(stems, count, number).name
    rows = rows_for(whole)
    names = [subject.encode() for subject in expand(stems, count)]
    cycle = [names[number] for number in draw(order, whole, rows, plan.index, first)]
    return lambda number: cycle[number % rows]


def last_message_requests(
    prefix: str, name: Callable[[int], bytes]
) -> Callable[[int], tuple[bytes, bytes]]:
    """Return the requests for the last message of a subject, by number.

    `prefix` is the subject of the direct get up to that of the message; the body is empty.
    """
    head = prefix.encode()
    return lambda number: (head + name(number), b"")
