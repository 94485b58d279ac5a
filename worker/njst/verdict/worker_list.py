"""Lists a few of many workers in a sentence, each with details."""

from collections.abc import Iterable

# Maximum workers in the list; the others are counted.
MOST = 5
# Details of a worker that was not ready in time and did not report why.
UNHEARD = "no word from it"


def named(workers: Iterable[tuple[str, str]]) -> str:
    """Return workers in order, each with its details in brackets."""
    words = [f"{worker} ({known})" for worker, known in workers]
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more
