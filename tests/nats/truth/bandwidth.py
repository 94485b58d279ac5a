"""A link of known bandwidth: when each byte that goes over it is through. Pure.

A serial line: each byte takes 1/bandwidth, and begins when it is there and the ones before it are
through. What an idle line could have carried is not saved up, so no burst is faster.
"""

from collections.abc import Iterator

# Small beside a message of a test, so that answers come as evenly as a line would bring them.
PIECE_BYTES = 512
_SECOND_NS = 1_000_000_000


class Link:
    """One direction of a line that connections share.

    `bytes_per_s` may change; what has entered the line keeps its time. None: there is no limit.
    """

    def __init__(self, bytes_per_s: int | None = None) -> None:
        self.bytes_per_s = bytes_per_s
        self._free_ns = 0

    def pieces(self, data: bytes, now_ns: int) -> Iterator[tuple[int, bytes]]:
        """Yield when each piece of what enters the line now is through, and the piece."""
        if self.bytes_per_s is None:
            if data:
                yield now_ns, data
            return
        self._free_ns = max(self._free_ns, now_ns)
        for at in range(0, len(data), PIECE_BYTES):
            piece = data[at : at + PIECE_BYTES]
            self._free_ns += len(piece) * _SECOND_NS // self.bytes_per_s
            yield self._free_ns, piece
