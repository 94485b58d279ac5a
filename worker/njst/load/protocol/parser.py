"""The exact parser, for all frames that the fast scans do not recognise."""

import re
from dataclasses import dataclass

# Nothing that a NATS server sends is larger: max_payload is at most 64 MiB, INFO a few KiB.
MAX_PAYLOAD = 64 * 1024 * 1024
MAX_LINE = 1024 * 1024

# Possessive, so that a long line without an end is not scanned again and again.
_LINE = re.compile(rb"([A-Za-z+\-]{1,5}+)[ \t]*+([^\r\n]*+)\r\n")

_LAST = re.compile(
    "stale connection|slow consumer|authori[sz]ation|authentication|tls required|shutdown"
    "|maximum .*connections|maximum payload",
    re.IGNORECASE,
)


class ProtocolError(Exception):
    """The server violated the protocol."""


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """MSG or HMSG; `header` is the raw header block of an HMSG, else empty."""

    subject: bytes
    sid: int
    reply: bytes
    header: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Info:
    """INFO with its JSON."""

    json: bytes


@dataclass(frozen=True, slots=True)
class ServerError:
    """-ERR with its text."""

    text: str

    @property
    def is_last(self) -> bool:
        """Whether the server closes the connection behind it (server/errors.go)."""
        return _LAST.search(self.text) is not None


@dataclass(frozen=True, slots=True)
class Ping:
    """PING: answer PONG."""


@dataclass(frozen=True, slots=True)
class Pong:
    """PONG: everything sent before its PING was processed."""


@dataclass(frozen=True, slots=True)
class Ok:
    """+OK."""


Frame = MessageFrame | Info | ServerError | Ping | Pong | Ok


def parse(data: bytes, limit: int = 0) -> tuple[list[Frame], int]:
    """Return the complete frames at the beginning of `data`, and how many bytes they take.

    With a limit no more frames than that are read.

    Raises:
        ProtocolError: the bytes are no frame, or one that is too large.
    """
    frames: list[Frame] = []
    at = 0
    while at < len(data) and not (limit and len(frames) >= limit):
        line = _LINE.match(data, at)
        if line is None:
            _check_incomplete(data, at)
            break
        found = _frame(data, line)
        if found is None:
            break
        frame, at = found
        frames.append(frame)
    return frames, at


def _check_incomplete(data: bytes, at: int) -> None:
    """Pass over the beginning of a frame; refuse what can never become one."""
    if data.find(b"\r\n", at) >= 0 or len(data) - at > MAX_LINE:
        raise ProtocolError(f"not a frame: {data[at : at + 60]!r}")
    if data[at : at + 1] not in b"IMHP+-imhp":
        raise ProtocolError(f"not a frame: {data[at : at + 60]!r}")


def _frame(data: bytes, line: "re.Match[bytes]") -> tuple[Frame, int] | None:
    """Return the frame of a line and where the next one begins; None when it is incomplete."""
    word, rest, end = line[1].upper(), line[2], line.end()
    if word == b"MSG":
        return _message(data, rest.split(), end, with_header=False)
    if word == b"HMSG":
        return _message(data, rest.split(), end, with_header=True)
    if word == b"INFO":
        return Info(rest), end
    if word == b"-ERR":
        return ServerError(rest.decode(errors="replace").strip("' ")), end
    simple = _SIMPLE.get(word)
    if simple is None or rest.strip():
        raise ProtocolError(f"not a frame: {line[0][:60]!r}")
    return simple, end


_SIMPLE: dict[bytes, Frame] = {b"PING": Ping(), b"PONG": Pong(), b"+OK": Ok()}


def _message(
    data: bytes, words: list[bytes], begin: int, *, with_header: bool
) -> tuple[Frame, int] | None:
    sizes = 2 if with_header else 1
    if len(words) not in (2 + sizes, 3 + sizes) or not all(w.isdigit() for w in words[-sizes:]):
        raise ProtocolError(f"not a message: {b' '.join(words)[:60]!r}")
    if not words[1].isdigit() or any(len(word) > 9 for word in words[-sizes:]):
        raise ProtocolError(f"not a message: {b' '.join(words)[:60]!r}")
    total = int(words[-1])
    header = int(words[-2]) if with_header else 0
    if total > MAX_PAYLOAD or header > total:
        raise ProtocolError(f"a message of {total} bytes with a header of {header}")
    end = begin + total
    if len(data) < end + 2:
        return None
    if data[end : end + 2] != b"\r\n":
        raise ProtocolError("a message that does not end where it says")
    reply = words[2] if len(words) == 3 + sizes else b""
    payload = data[begin + header : end]
    return MessageFrame(
        words[0], int(words[1]), reply, data[begin : begin + header], payload
    ), end + 2
