"""Runs of first deliveries of one shape, taken at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from njst.load.scan.frame_matrix import (
    FEWEST,
    Bytes,
    FrameMatrix,
    FrameShape,
    Span,
    numbers_in_group,
)
from njst.load.scan.message_heads import head_pattern

Numbers = npt.NDArray[np.int64]

# A message with an ACK subject as its reply; 1 and 2 are the subscriptions of a consuming client.
DELIVERY = head_pattern(rb"(?P<subject>\S+)", b"[12]", rb"(?P<reply>\$JS\.ACK\.\S+) ")
_ZERO = ord("0")
# Which token of an ACK subject is the delivery count, by the number of tokens: versions 1 and 2.
_COUNTS = {9: 4, 11: 6}
# Stream sequence, consumer sequence, time and pending messages follow the delivery count.
_COUNTERS = 4
_CONSUMER_SEQUENCE = 1
_STORED = 2


class DeliveryRun:
    """Deliveries of equal length: their payloads and the counters of their ACK subjects."""

    def __init__(self, rows: FrameMatrix, form: "DeliveryShape", at: int) -> None:
        self._rows = rows
        self._reply = form.reply
        self._counters = form.counters
        self._begin = at + form.begin
        # Bytes of each payload.
        self.payload = form.payload

    @property
    def places(self) -> Numbers:
        """Where the payload of each begins in the data."""
        return np.arange(len(self._rows), dtype=np.int64) * self._rows.size + self._begin

    @property
    def size(self) -> int:
        """How many bytes of the data they take."""
        return len(self._rows) * self._rows.size

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def replies(self) -> Bytes:
        """The ACK subject of each, a row for each."""
        return self._rows.column(*self._reply)

    def last_reply(self) -> bytes:
        """Return the ACK subject of the last one."""
        begin, end = self._reply
        return self._rows.row(len(self) - 1)[begin:end]

    def consumer_sequences(self) -> list[int]:
        """Return the consumer's number of each."""
        numbers: list[int] = self._counter(_CONSUMER_SEQUENCE, 1).tolist()
        return numbers

    def stored_ns(self, step: int) -> Numbers:
        """Return when every `step`-th of them was stored, by the server's clock."""
        return self._counter(_STORED, step)

    def _counter(self, which: int, step: int) -> Numbers:
        cells = self._rows.column(*self._counters[which])[::step].astype(np.int64) - _ZERO
        weights = 10 ** np.arange(cells.shape[1] - 1, -1, -1, dtype=np.int64)
        numbers: Numbers = cells @ weights
        return numbers


@dataclass(frozen=True)
class DeliveryShape:
    """The shape of first deliveries of one length, and where their parts are."""

    shape: FrameShape
    reply: Span
    counters: Sequence[Span]
    begin: int
    payload: int

    def run(self, data: bytes, at: int) -> DeliveryRun | None:
        """Return the deliveries of this shape from `at` on; None when they are few."""
        rows = self.shape.matrix(data, at)
        return None if rows is None else DeliveryRun(rows, self, at)


def shape_of(data: bytes, first: "re.Match[bytes]") -> DeliveryShape | None:
    """Return the shape of a delivery; None when few can follow, or for an unknown ACK subject.

    Args:
        data: the bytes that have arrived.
        first: a match of `DELIVERY`: the head of a first delivery.
    """
    at, line_end = first.span()
    head, size = line_end - at, int(first["size"])
    header = int(first["header"] or 0)
    if header > size or (len(data) - at) // (head + size + 2) < FEWEST:
        return None
    counters = _counters(first["reply"], first.start("reply") - at)
    if counters is None:
        return None
    payload = head + header
    digits = [*numbers_in_group(first, "subject"), *counters]
    begin, end = first.span("reply")
    return DeliveryShape(
        shape=FrameShape(data[at : line_end + size + 2], head, digits),
        reply=(begin - at, end - at),
        counters=counters,
        begin=payload,
        payload=head + size - payload,
    )


def _counters(reply: bytes, at: int) -> list[Span] | None:
    """Return where the counters of an ACK subject are; None when it has another form."""
    tokens = reply.split(b".")
    count = _COUNTS.get(len(tokens))
    if count is None:
        return None
    spans: list[Span] = []
    begin = at + sum(map(len, tokens[: count + 1])) + count + 1
    for token in tokens[count + 1 : count + 1 + _COUNTERS]:
        if not token.isdigit():
            return None
        spans.append((begin, begin + len(token)))
        begin += len(token) + 1
    return spans
