"""The streams of a job cut into slices, one for each worker that reads: the same for all.

Nobody is asked how long a stream is. Each acknowledged message has a sequence of its own behind the
one that was the last before the job, so a stream is at least as long as the sum of what was
acknowledged; the streams one behind the other, each of that length, are cut into equal slices. What
is longer, because others write too or acknowledgements were not heard, belongs to the last slice of
that stream, which has no end.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from njst.contract.results.readback import StreamReceipts

# Starting to read costs a worker as much as reading so many messages.
FEWEST = 25_000


@dataclass(frozen=True)
class StreamRange:
    """A piece of a stream: behind sequence `after`, up to `upto` or, without it, to the end."""

    stream: str
    after: int
    upto: int | None


def slice_count(receipts: Iterable[StreamReceipts], readers: int) -> int:
    """Return how many slices so many readers are worth; 0 when there is nothing to read."""
    told = list(receipts)
    if not told:
        return 0
    return min(readers, max(1, -(-sum(some.count for some in told) // FEWEST)))


def only_counted(receipts: Iterable[StreamReceipts]) -> set[str]:
    """Return the streams of which nothing is read but how many messages they have stored."""
    told = list(receipts)
    return {some.stream for some in told} - {some.stream for some in told if not some.is_core}


def slices(receipts: Iterable[StreamReceipts], count: int) -> list[list[StreamRange]]:
    """Return `count` slices, which have all of the streams together and nothing twice."""
    told = list(receipts)
    counted = only_counted(told)
    afters: dict[str, int] = {}
    lengths: dict[str, int] = {}
    for some in told:
        afters[some.stream] = min(afters.get(some.stream, some.after), some.after)
        lengths[some.stream] = lengths.get(some.stream, 0) + some.count
    total = sum(max(1, length) for length in lengths.values())
    made: list[list[StreamRange]] = [[] for _ in range(count)]
    begin = 0
    for stream in sorted(lengths):
        end = begin + max(1, lengths[stream])
        shift = afters[stream] - begin
        for number, pieces in enumerate(made):
            first = max(begin, total * number // count)
            last = min(end, total * (number + 1) // count)
            if first < last:
                upto = None if last == end else last + shift
                if stream in counted:
                    upto = first + shift
                pieces.append(StreamRange(stream, first + shift, upto))
        begin = end
    return made
