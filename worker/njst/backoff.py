"""How long to wait before a failed attempt is repeated: exponential backoff with jitter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Pauses grow from `first_s` by `factor` to `ceiling_s`, in seconds.

    `jitter` is the share of a pause that is random, from 0 (none of it) to 1 (all of it).
    """

    first_s: float
    factor: float
    ceiling_s: float
    jitter: float = 0.0

    def pause_s(self, attempt: int, random01: float = 1.0) -> float:
        """Return the pause after failed attempt number `attempt`, which counts from 1.

        `random01` is a random number from 0 to 1; with 1 the pause is the longest possible.
        """
        try:
            longest_s = min(self.ceiling_s, self.first_s * self.factor ** (attempt - 1))
        except OverflowError:
            longest_s = self.ceiling_s
        return longest_s * (1 - self.jitter * (1 - random01))
