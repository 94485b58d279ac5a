"""Deleted resources, remembered for as long as an older list may still show them."""

# Longer than a list of many pages takes.
KEEP_S = 600.0
# Only the newest are kept: some 2 MB.
MOST = 10_000


class Tombstones:
    """The uids of deleted resources, each with its time of deletion; no uid is used twice."""

    def __init__(self) -> None:
        self._at_s: dict[str, float] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._at_s

    def __len__(self) -> int:
        return len(self._at_s)

    def clear(self) -> None:
        """Forget all, because deleted resources may be back."""
        self._at_s.clear()

    def add(self, uid: str, now_s: float) -> None:
        """Add a deletion, and drop those that no list can show any more."""
        self._at_s.pop(uid, None)
        self._at_s[uid] = now_s
        while len(self._at_s) > MOST or now_s - next(iter(self._at_s.values())) > KEEP_S:
            del self._at_s[next(iter(self._at_s))]
