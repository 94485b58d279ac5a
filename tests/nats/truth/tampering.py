"""What goes wrong with single messages between a server and a client, exactly as often as told."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

# Its own splitter: what is under test must not decide what a frame is.
_LINE = re.compile(rb"([^\r\n]*)\r\n")
_SIZED = (b"MSG", b"HMSG", b"PUB", b"HPUB")


def is_delivery(line: bytes) -> bool:
    """Whether it begins a message of a consumer: neither a status nor an answer."""
    return line.startswith((b"MSG ", b"HMSG ")) and b" $JS.ACK." in line


def is_publish(line: bytes) -> bool:
    """Whether it begins a message to a stream: neither a request nor an acknowledgement."""
    return line.startswith((b"PUB ", b"HPUB ")) and b" $JS." not in line


def is_answer(line: bytes) -> bool:
    """Whether it begins what the server says to a message that it got."""
    return line.startswith(b"MSG _INBOX.")


class Fault(StrEnum):
    """What happens to one message."""

    DROP = "drop"
    TWICE = "twice"
    # It comes behind the next one.
    SWAP = "swap"
    FLIP = "flip"


class Tampering:
    """Changes what goes one way over one connection; bytes in, bytes out, in any split.

    `faults` says what happens to which message, counted from 0 among those whose first line
    `which` chooses. `flip_at` has the places in the payload of the bytes that change,
    one for each flip in turn.
    """

    def __init__(
        self,
        faults: Mapping[int, Fault],
        flip_at: Sequence[int] = (40,),
        which: Callable[[bytes], bool] = is_delivery,
    ) -> None:
        self._faults = faults
        self._which = which
        self._flip_at = flip_at
        self._rest = b""
        self._kept = b""
        self._seen = 0
        self._flips = 0
        self.done: list[int] = []

    def feed(self, data: bytes) -> bytes:
        """Return what goes on to the client now; half a frame waits for its other half."""
        self._rest += data
        out = []
        at = 0
        while line := _LINE.match(self._rest, at):
            words = line[1].split(b" ")
            end = line.end() + (int(words[-1]) + 2 if words[0] in _SIZED else 0)
            if end > len(self._rest):
                break
            out.append(self._frame(self._rest[at:end], line[1]))
            at = end
        self._rest = self._rest[at:]
        return b"".join(out)

    def _frame(self, frame: bytes, line: bytes) -> bytes:
        if not self._which(line):
            return frame
        number = self._seen
        self._seen += 1
        kept, self._kept = self._kept, b""
        fault = self._faults.get(number)
        if fault is not None:
            self.done.append(number)
        if fault is Fault.DROP:
            return kept
        if fault is Fault.SWAP:
            self._kept = frame
            return kept
        if fault is Fault.TWICE:
            return frame + kept + frame
        if fault is Fault.FLIP:
            at = len(line) + 2 + self._flip_at[self._flips % len(self._flip_at)]
            self._flips += 1
            frame = frame[:at] + bytes([frame[at] ^ 0x20]) + frame[at + 1 :]
        return frame + kept
