"""Resources that lists no longer show count as deleted after a grace period.

One list that lacks a resource proves nothing: the list may be older than what a watch has shown.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass
class Missing:
    """Since when each known resource has been missing from the lists, in loop time."""

    grace_s: float
    _since_s: dict[str, float] = field(default_factory=dict)

    def gone(self, known: AbstractSet[str], listed: AbstractSet[str], now_s: float) -> list[str]:
        """Take one more list; return the uids that have been missing for the whole grace period."""
        missing = known - listed
        self._since_s = {uid: self._since_s.get(uid, now_s) for uid in missing}
        return [uid for uid, since_s in self._since_s.items() if now_s - since_s >= self.grace_s]
