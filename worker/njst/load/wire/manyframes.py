"""Frames of a cycle whose subjects are written into each: too many of them to lie ready."""

from collections.abc import Callable, Sequence
from functools import partial

from njst.load.wire.frames import FrameCycle, Row, Seal, made_late

# Stands in a row for its subject; a subject itself has no such token.
OPEN_SUBJECT = "*"
_STAR = OPEN_SUBJECT.encode()
_OPEN = b" * "
_OPEN_TARGET = b": *\r\n"


class ManyFrames(FrameCycle):
    """A cycle of rows with an open subject."""

    def __init__(
        self,
        rows: Sequence[Row],
        subject: Callable[[int], bytes],
        *,
        id_step: int = 1,
        decimal: bool = False,
        turns: int = 0,
    ) -> None:
        """`subject` tells that of each message."""
        super().__init__(rows, id_step=id_step, decimal=decimal, turns=turns)
        self._name = subject

    def encode(self, first: int, count: int, time_ns: int, *, shift: int = 0) -> bytes:
        """Return the frames of `count` messages, one by one: no two have the same length."""
        return b"".join([self._one(first + n, time_ns, shift) for n in range(count)])

    def ready(self, first: int, count: int, *, shift: int = 0) -> Seal:  # noqa: ARG002
        """Return what makes each of some frames when it leaves."""
        return made_late(partial(self.encode, shift=shift), first)

    def subject(self, number: int) -> str:
        """Return the subject of a message."""
        return super().subject(number).replace(OPEN_SUBJECT, self._name(number).decode(), 1)

    def _one(self, number: int, time_ns: int, shift: int) -> bytes:
        return self._written(super()._one(number, time_ns, shift), self._name(number))

    def _written(self, frame: bytes, name: bytes) -> bytes:
        """Return a frame with its subject in place."""
        return frame.replace(_OPEN, b" %s " % name, 1)


class ManySchedules(ManyFrames):
    """The same for messages that are stored later: a header has the subject as well (ADR-51)."""

    def _written(self, frame: bytes, name: bytes) -> bytes:
        head, rest = frame.split(b"\r\n", 1)
        verb, schedule, reply, header_size, size = head.split(b" ")
        schedule = schedule.replace(_STAR, name, 1)
        more = len(name) - len(_STAR)
        sizes = (int(header_size) + more, int(size) + more)
        rest = rest.replace(_OPEN_TARGET, b": %s\r\n" % name, 1)
        return b"%s %s %s %d %d\r\n%s" % (verb, schedule, reply, *sizes, rest)
