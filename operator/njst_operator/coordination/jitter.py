"""Which replica goes first, by rendezvous rank."""

from hashlib import blake2b

# The longest turn.
TURN_S = 0.4


def turn(key: str, copy: str) -> float:
    """Return this copy's place among all copies that there may be, from 0 to 1."""
    digest = blake2b(f"{key}\0{copy}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def turn_s(key: str, copy: str) -> float:
    """Return how long a copy lets others go first with this: 0 to TURN_S."""
    return turn(key, copy) * TURN_S
