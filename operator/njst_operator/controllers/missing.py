"""What lists no longer show: gone, once it has been missing for long enough.

One list may be older than what a watch has shown, so that a resource is not gone because one list
lacks it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass
class Missing:
    """Since when each known resource has been missing in the lists; seconds of a steady clock."""

    grace_s: float
    _since_s: dict[str, float] = field(default_factory=dict)

    def gone(self, known: AbstractSet[str], listed: AbstractSet[str], now_s: float) -> list[str]:
        """Return the uids that have been missing for the whole grace, by one more list."""
        missing = known - listed
        self._since_s = {uid: self._since_s.get(uid, now_s) for uid in missing}
        return [uid for uid, since_s in self._since_s.items() if now_s - since_s >= self.grace_s]
