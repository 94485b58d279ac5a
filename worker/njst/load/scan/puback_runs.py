"""Plain publish acknowledgements, read a chunk at a time.

A plain one is `MSG <inbox>.<token> 1 <size>` with the JSON of a message that the expected stream
stored. Every other answer is left to the exact parser.
"""

import re
from typing import NamedTuple, Protocol

from njst.load.protocol.digits import HEX, numbers_in, numbers_of
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.protocol.request_numbers import RequestNumbers, joined
from njst.load.scan.frame_matrix import FEWEST, CountedFrameShape, FrameShape

# Rows that are compared at once: as many as arrive together with the usual windows.
_ROWS = 512
_LAST = b"}\r\n"
_SEQUENCE = re.compile(rb'"seq":(\d{1,20})')
_ANY_STREAM = rb'[^"\r\n]+'


def puback_pattern(inbox: str, stream: str = "") -> "re.Pattern[bytes]":
    """Return the pattern of a plain acknowledgement by this stream, or by any if it is empty.

    Returns:
        Groups: 1, the token; 2, the sequence; 3, set if the stream had the message already.
    """
    name = re.escape(stream.encode()) if stream else _ANY_STREAM
    return re.compile(
        rb"MSG " + re.escape(inbox.encode()) + rb"\.([0-9a-f]{10}) 1 \d+\r\n"
        rb'\{"stream":"' + name + rb'", ?(?:"domain":"[^"\r\n]*", ?)?"seq":(\d{1,20})'
        rb'(?:, ?"domain":"[^"\r\n]*")?(, ?"duplicate": ?true)?'
        rb'(?:, ?"val": ?"[^"\r\n]*")?'
        rb'(?:, ?"batch": ?"[^"\r\n]*", ?"count": ?\d{1,9})?\}\r\n'
    )


class _Run(NamedTuple):
    """The tokens of consecutive acknowledgements, and the bytes that they take."""

    tokens: RequestNumbers
    size: int


class Noted(Protocol):
    """Takes the sequence of an acknowledgement now and then, from number `next` on."""

    next: int

    def note(self, number: int, sequence: int) -> None:
        """Take the sequence of a message."""
        ...


class _PubAckShape:
    """The shape of acknowledgements of one length, learnt from one of them."""

    def __init__(self, first: "re.Match[bytes]") -> None:
        frame, at = first[0], first.start()
        number, sequence = ((begin - at, end - at) for begin, end in map(first.span, (1, 2)))
        self._number = number
        self._counted = CountedFrameShape(frame, [sequence], number, _ROWS)
        self._shape = FrameShape(frame, len(frame), [sequence], [number])

    def run(self, data: bytes, at: int, wanted: int) -> _Run | None:
        """Return the run that begins here, with the tokens from `wanted` on or with any others."""
        begin, end = self._number
        if data[at + begin : at + end] == HEX.one(wanted):
            count = self._counted.count(data, at, wanted)
            if count >= FEWEST:
                return _Run(range(wanted, wanted + count), count * self._counted.size)
        rows = self._shape.matrix(data, at)
        if rows is None:
            return None
        numbers = numbers_in(rows.column(begin, end))
        if numbers.min() < 0:
            numbers = numbers[: int((numbers < 0).argmax())]
        return _Run(numbers, len(numbers) * rows.size) if len(numbers) >= FEWEST else None


class PubAckScanner:
    """The acknowledgements that come to one inbox; its last token is ten hex digits.

    With a `stream`, those of another stream are not plain. `noted` gets some of the sequences.
    """

    def __init__(
        self,
        inbox: str,
        tokens: ReplyTokens | None = None,
        stream: str = "",
        noted: Noted | None = None,
    ) -> None:
        self._tokens = tokens or ReplyTokens()
        self._noted = noted
        self._one = puback_pattern(inbox, stream)
        # The shape of the last run, which most often is the next one's too.
        self._run_shape: _PubAckShape | None = None
        # The token that follows the last one, if answers come in order.
        self._wanted = 0

    def alone(self, data: bytes) -> int | None:
        """Return the number of a single acknowledgement; None for anything else."""
        found = self._one.fullmatch(data)
        if found is None:
            return None
        number = self._tokens.number(int(found[1], 16))
        if self._noted is not None and number >= self._noted.next:
            self._noted.note(number, int(found[2]))
        return number

    def scan(self, data: bytes) -> tuple[RequestNumbers, int]:
        """Return the numbers of the acknowledgements at the beginning, and their bytes."""
        found: list[RequestNumbers] = []
        at = 0
        while at < len(data) and (run := self._run(data, at) or self._mixed(data, at)):
            found.append(self._tokens.numbers(run.tokens))
            at += run.size
            self._wanted = self._tokens.after(int(run.tokens[-1]))
        if self._noted is not None and found and found[-1][-1] >= self._noted.next:
            self._note(self._noted, data, at, int(found[-1][-1]))
        return joined(found), at

    def duplicates(self, data: bytes, end: int) -> list[int]:
        """Return the numbers of those before `end` whose message the stream had already."""
        if data.find(b'"duplicate"', 0, end) < 0:
            return []
        found = self._one.findall(data, 0, end)
        return [self._tokens.number(int(token, 16)) for token, _, again in found if again]

    def _note(self, noted: Noted, data: bytes, end: int, number: int) -> None:
        """Note the last acknowledgement before `end`."""
        sequence = _SEQUENCE.search(data, data.rfind(b'"seq":', 0, end), end)
        if sequence is not None:
            noted.note(number, int(sequence[1]))

    def _run(self, data: bytes, at: int) -> _Run | None:
        """Return those of one shape that begin here; None when they are few."""
        run = None if self._run_shape is None else self._run_shape.run(data, at, self._wanted)
        if run is not None:
            return run
        first = self._one.match(data, at)
        if first is None or len(data) - at < FEWEST * len(first[0]):
            return None
        self._run_shape = _PubAckShape(first)
        return self._run_shape.run(data, at, self._wanted)

    def _mixed(self, data: bytes, at: int) -> _Run | None:
        """Return acknowledgements of any shape up to the last one; None with anything else."""
        end = data.rfind(_LAST, at) + len(_LAST)
        if end <= at:
            return None
        tokens = [one[0] for one in self._one.findall(data, at, end)]
        # An acknowledgement has two line ends; any other frame among them shows here.
        if not tokens or data.count(b"\r\n", at, end) != 2 * len(tokens):
            return None
        return _Run(numbers_of(tokens), end - at)
