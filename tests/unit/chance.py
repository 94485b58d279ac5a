"""How many times something may happen by chance."""

from math import exp, lgamma, log, log1p

# So seldom may a test fail by chance, if its examples were not always the same.
CHANCE = 0.001


def most_by_chance(of: int, share: float) -> int:
    """Return the most events of a number of tries that do not contradict a share.

    More of them have a probability below CHANCE, by the binomial distribution.
    """
    left = 1.0
    for events in range(of + 1):
        ways = lgamma(of + 1) - lgamma(events + 1) - lgamma(of - events + 1)
        left -= exp(ways + events * log(share) + (of - events) * log1p(-share))
        if left < CHANCE:
            return events
    return of
