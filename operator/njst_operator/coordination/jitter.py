"""Which replica goes first: each waits for a share of a window, by its rendezvous weight."""

from njst.journal.state.rendezvous import share

# How long the last replica lets others go first.
WINDOW_S = 0.4


def delay_s(key: str, replica: str) -> float:
    """Return how long a replica lets others go first with this key: 0 to WINDOW_S."""
    return share(key, replica) * WINDOW_S
