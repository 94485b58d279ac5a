"""Cuts the streams of a job into slices, one per reading worker; every worker gets the same result.

The length of a stream is not queried. Each acknowledged message has its own sequence after the last
one before the job, so a stream is at least as long as the number of acknowledged messages. The
streams, one after the other with these lengths, are cut into equal slices. Further messages, of
other publishers or without an acknowledgement, belong to the last slice of the stream, which is
open-ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from njst.contract.results.readback import StreamReceipts

# Starting a reader costs as much as reading this many messages.
FEWEST = 25_000


@dataclass(frozen=True)
class StreamRange:
    """A range of a stream: after sequence `after`, up to `upto`; None: to the end."""

    stream: str
    after: int
    upto: int | None


def slice_count(receipts: Iterable[StreamReceipts], readers: int) -> int:
    """Return the number of slices for this many readers; 0: there is nothing to read."""
    told = list(receipts)
    if not told:
        return 0
    return min(readers, max(1, -(-sum(some.count for some in told) // FEWEST)))


def only_counted(receipts: Iterable[StreamReceipts]) -> set[str]:
    """Return the streams whose stored messages are only counted, not read."""
    told = list(receipts)
    return {some.stream for some in told} - {some.stream for some in told if not some.is_core}


def slices(receipts: Iterable[StreamReceipts], count: int) -> list[list[StreamRange]]:
    """Return `count` disjoint slices that cover all streams."""
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
