"""Resources that are gone, for as long as an older list may still show them."""

# A list of many pages takes less; what is shown later is a resource that was there then.
KEEP_S = 600.0
# Of more only the last ones are kept: some 2 MB.
MOST = 10_000


class Tombstones:
    """The uids of deleted resources with the time of each deletion; a uid never returns."""

    def __init__(self) -> None:
        self._at_s: dict[str, float] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._at_s

    def __len__(self) -> int:
        return len(self._at_s)

    def clear(self) -> None:
        """Forget all: what was deleted may be there again."""
        self._at_s.clear()

    def add(self, uid: str, now_s: float) -> None:
        """Take note of a deletion, and forget those that no list shows any more."""
        self._at_s.pop(uid, None)
        self._at_s[uid] = now_s
        while len(self._at_s) > MOST or now_s - next(iter(self._at_s.values())) > KEEP_S:
            del self._at_s[next(iter(self._at_s))]
