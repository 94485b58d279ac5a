"""What a request client asks, and what an answer means."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from njst.load.protocol.jetstream_answers import Failure
from njst.load.protocol.parser import MessageFrame
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.protocol.request_numbers import RequestNumbers

# As much as is handed to the kernel at once: enough to make system calls rare, little enough for
# the first message of a chunk not to wait for the last.
CHUNK_BYTES = 128 * 1024


# Below this, numpy's calls would cost more than they save.
FEW = 12


Sizes = npt.NDArray[np.int64] | list[int] | int


class Answers(NamedTuple):
    """Requests that were answered well, the payload bytes of each, and the bytes that it took.

    `duplicates` are those of them that were done already before.
    """

    numbers: list[int] | RequestNumbers
    sizes: Sizes
    taken: int
    duplicates: Sequence[int] = ()


class RequestCodec(Protocol):
    """What is asked, and what an answer means."""

    window: int
    # The mean length of a request on the wire.
    frame_bytes: int
    # Messages of one request; the last one may have fewer.
    weight: int

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the requests of `count` numbers from `first`."""
        ...

    def scan(self, data: bytes) -> Answers:
        """Take good answers at the beginning of `data`, as far as nothing else is among them."""
        ...

    def answer(self, number: int, message: MessageFrame) -> int | Failure | Answers | None:
        """Return the payload bytes that an answer stands for, or why it is no good one.

        None: it is a part of an answer, and more comes. Answers: there is more to say of it.
        """
        ...


@runtime_checkable
class RepliedCodec(Protocol):
    """Requests that choose their reply subjects."""

    tokens: ReplyTokens


def bytes_of(sizes: Sizes, count: int) -> int:
    """Return the bytes of so many answers."""
    return sizes * count if isinstance(sizes, int) else int(np.sum(sizes))


def _those(sizes: Sizes, which: npt.NDArray[np.bool_]) -> Sizes:
    """Return the sizes of some answers; one size for all stays one."""
    return sizes if isinstance(sizes, int) else np.asarray(sizes)[which]
