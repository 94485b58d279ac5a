"""How far an event stream has come: the id of its messages, so that any worker can go on."""

from typing import NamedTuple, Self

_OVER = "!over"


class StreamPosition(NamedTuple):
    """All events of the log up to `seq`, and all windows until `until_s`, were sent.

    The windows are `width_s` wide; `is_over` once everything was sent.
    """

    seq: int
    width_s: int
    until_s: int
    is_over: bool = False

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position of an id; None for an id of another form."""
        numbers = text.removesuffix(_OVER)
        parts = numbers.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
            return None
        seq, width_s, until_s = map(int, parts)
        return cls(seq, width_s, until_s, is_over=numbers != text)

    def text(self) -> str:
        """Return the id."""
        return f"{self.seq}.{self.width_s}.{self.until_s}{_OVER if self.is_over else ''}"


BEGINNING = StreamPosition(0, 1, 0)
