"""What a request client asks, and what an answer means: the base of every codec."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from njst.load.protocol.jetstream_answers import Failure
from njst.load.protocol.parser import MessageFrame
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.protocol.request_numbers import RequestNumbers
from njst.load.templates.frame_cycle import FrameStamper

# Bytes that are handed to the kernel at once: enough to make system calls rare, few enough for the
# first message of a chunk not to wait for the last.
CHUNK_BYTES = 128 * 1024


# Up to this many answers are recorded without numpy, whose calls would cost more than they save.
FEW = 12


Sizes = npt.NDArray[np.int64] | list[int] | int


class Answers(NamedTuple):
    """Good answers: their request numbers, the payload bytes of each, and the bytes they took.

    `duplicates` are the requests among them that the stream had stored before.
    """

    numbers: list[int] | RequestNumbers
    sizes: Sizes
    taken: int
    duplicates: Sequence[int] = ()


NO_ANSWERS = Answers([], 0, 0)


class RequestCodec:
    """Encodes numbered requests and decodes their answers.

    A codec overrides `encode` and `answer`, and what else differs from the defaults.

    Attributes:
        window: requests that may be in flight.
        frame_bytes: mean length of a request on the wire.
        weight: messages of one request; the last request may have fewer.
        can_prebuild: whether requests can be made before they leave, and have one answer each.
        sends_each_message: whether each message of a request is a frame of its own, which the
            server may deny.
        tokens: what the reply subjects end in.
    """

    window = 1
    frame_bytes = 200
    weight = 1
    can_prebuild = False
    sends_each_message = False

    def __init__(self, tokens: ReplyTokens | None = None) -> None:
        self.tokens = tokens or ReplyTokens()

    def opening(self) -> bytes:
        """Return subscriptions besides the one to the answers."""
        return b""

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the requests of `count` numbers from `first`, stamped with the log's time."""
        raise NotImplementedError

    def more(self, log_ns: int) -> bytes:  # noqa: ARG002 - most requests are one step
        """Return the next frames of requests in flight; they go before new requests."""
        return b""

    def prebuilt(self, first: int, count: int) -> FrameStamper:
        """Make requests ahead, if the codec can; return what stamps them as they leave."""
        raise NotImplementedError

    def address(self, number: int) -> str | None:  # noqa: ARG002 - most do not need to know
        """Return the subject of a request, for permission errors; None if it is unknown."""
        return None

    def scan(self, data: bytes) -> Answers:  # noqa: ARG002 - the exact parser takes all answers
        """Take good answers at the beginning of `data`, and stop at anything else."""
        return NO_ANSWERS

    def translate(self, frame: MessageFrame) -> MessageFrame | None:
        """Return a frame as an answer to `<inbox>.<token>`; None if the codec has dealt with it."""
        return frame

    def answer(self, number: int, message: MessageFrame) -> int | Failure | Answers | None:
        """Decode one answer.

        Returns:
            The payload bytes of the request, or why it failed, or `Answers` with duplicates; None
            while more answers to the request are to come.
        """
        raise NotImplementedError

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop what is kept of requests that will have no answer."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to send besides requests."""
        return True


def bytes_of(sizes: Sizes, count: int) -> int:
    """Return the payload bytes of `count` answers."""
    return sizes * count if isinstance(sizes, int) else int(np.sum(sizes))


def sizes_where(sizes: Sizes, chosen: npt.NDArray[np.bool_]) -> Sizes:
    """Return the sizes of the chosen answers; one size for all stays one."""
    return sizes if isinstance(sizes, int) else np.asarray(sizes)[chosen]
