"""Workers named in a sentence: a few of many, each with what is known of it."""

from collections.abc import Iterable

# So many are named; of more it is said how many.
MOST = 5
# What is known of a worker that was not ready in time and did not say why.
UNHEARD = "no word from it"


def named(workers: Iterable[tuple[str, str]]) -> str:
    """Return workers in their order, each with its words in brackets."""
    words = [f"{worker} ({known})" for worker, known in workers]
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more
