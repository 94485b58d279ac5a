"""Frames of a cycle whose subjects are written into each: too many of them to lie ready."""

from collections.abc import Callable, Sequence

from njst.load.wire.frames import FrameCycle, Row, Seal, made_late

# Stands in a row for its subject; a subject itself has no such token.
OPEN_SUBJECT = "*"
_OPEN = b" * "


class ManyFrames(FrameCycle):
    """A cycle of rows with an open subject."""

    def __init__(
        self,
        rows: Sequence[Row],
        subject: Callable[[int], bytes],
        *,
        id_step: int = 1,
        decimal: bool = False,
    ) -> None:
        """`subject` tells that of each message."""
        super().__init__(rows, id_step=id_step, decimal=decimal)
        self._name = subject

    def encode(self, first: int, count: int, time_ns: int, *, shift: int = 0) -> bytes:
        """Return the frames of `count` messages, one by one: no two have the same length."""
        return b"".join([self._one(first + n, time_ns, shift) for n in range(count)])

    def ready(self, first: int, count: int) -> Seal:  # noqa: ARG002
        """Return what makes each of some frames when it leaves."""
        return made_late(self.encode, first)

    def subject(self, number: int) -> str:
        """Return the subject of a message."""
        return self._name(number).decode()

    def _one(self, number: int, time_ns: int, shift: int) -> bytes:
        frame = super()._one(number, time_ns, shift)
        return frame.replace(_OPEN, b" %s " % self._name(number), 1)
