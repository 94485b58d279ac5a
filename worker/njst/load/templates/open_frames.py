"""Frames whose subject or body is written into each of them: there are too many to prebuild."""

from collections.abc import Callable, Sequence
from functools import partial

from njst.load.templates.frame_cycle import FrameCycle, FrameRow, FrameStamper, made_late

# The placeholder of a row's subject; no subject has such a token.
OPEN_SUBJECT = "*"
_STAR = OPEN_SUBJECT.encode()
_OPEN = b" * "
_OPEN_TARGET = b": *\r\n"


# Returns the subject, or the body, of a message.
Part = Callable[[int], bytes]


class OpenFrames(FrameCycle):
    """A cycle of rows with an open subject, or an empty body, or both."""

    def __init__(
        self,
        rows: Sequence[FrameRow],
        subject: Part | None,
        body: Part | None = None,
        *,
        id_step: int = 1,
        decimal: bool = False,
        turns: int = 0,
    ) -> None:
        """Without `subject` or `body`, the rows have it."""
        super().__init__(rows, id_step=id_step, decimal=decimal, turns=turns)
        self._name = subject
        self._body = body

    def encode(self, first: int, count: int, time_ns: int, *, shift: int = 0) -> bytes:
        """Return the frames of `count` messages, one by one: no two have the same length."""
        return b"".join([self._one(first + n, time_ns, shift) for n in range(count)])

    def prebuilt(self, first: int, count: int, *, shift: int = 0) -> FrameStamper:  # noqa: ARG002
        """Return what makes each frame when it leaves."""
        return made_late(partial(self.encode, shift=shift), first)

    def subject(self, number: int) -> str:
        """Return the subject of a message."""
        known = super().subject(number)
        if self._name is None:
            return known
        return known.replace(OPEN_SUBJECT, self._name(number).decode(), 1)

    def _one(self, number: int, time_ns: int, shift: int) -> bytes:
        frame = super()._one(number, time_ns, shift)
        if self._name is not None:
            frame = self._named(frame, self._name(number))
        return frame if self._body is None else _filled(frame, self._body(number))

    def _named(self, frame: bytes, name: bytes) -> bytes:
        """Return a frame with its subject in place."""
        return frame.replace(_OPEN, b" %s " % name, 1)


class OpenSchedules(OpenFrames):
    """The same for messages that are stored later: a header has the subject as well (ADR-51)."""

    def _named(self, frame: bytes, name: bytes) -> bytes:
        head, rest = frame.split(b"\r\n", 1)
        verb, schedule, reply, header_size, size = head.split(b" ")
        schedule = schedule.replace(_STAR, name, 1)
        more = len(name) - len(_STAR)
        sizes = (int(header_size) + more, int(size) + more)
        rest = rest.replace(_OPEN_TARGET, b": %s\r\n" % name, 1)
        return b"%s %s %s %d %d\r\n%s" % (verb, schedule, reply, *sizes, rest)


def _filled(frame: bytes, body: bytes) -> bytes:
    """Return a frame that had no body with one, and its size in its head."""
    head, rest = frame[:-2].split(b"\r\n", 1)
    before, size = head.rsplit(b" ", 1)
    return b"%s %d\r\n%s%s\r\n" % (before, int(size) + len(body), rest, body)
