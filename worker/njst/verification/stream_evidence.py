"""Whether acknowledged messages that a stream does not have were removed or lost, by its state.

Each acknowledged message had a sequence of the stream. A sequence that the stream still counts but
that has no message was removed: by a limit, or by somebody. So at most as many of the missing
messages were removed as the stream has such sequences; the others are lost. If a sequence was
assigned again to another message, or is above the stream's last one, the stream has lost data.

Marks, which are acknowledgements with their sequences, narrow this down: messages between two marks
of one producer have sequences between those of the marks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from njst.contract.results.readback import (
    DISCARD_OLD,
    LIMITS_CHANGED,
    MAX_AGE,
    MAX_PER_SUBJECT,
    MESSAGES_DELETED,
    NO_INTEREST,
    NOT_CONSUMED,
    PURGED,
    RETENTION,
    STREAM_DELETED,
    STREAM_RECREATED,
    RangeResult,
)
from njst.contract.stream_bounds import StreamBefore, StreamLimits
from njst.verification.mark_codec import Mark
from njst.verification.range_codec import decode
from njst.verification.ranges import Range, Ranges, count

# Two creation times that a server reports for one stream may differ by rounding.
_SAME_NS = 1_000_000
# A stream that discards old messages by size is at least this close to full: 1/2.
_FULL_PART = 2


@dataclass
class StreamEvidence:
    """State of one stream before and after the load."""

    # The last sequence before the load, as each worker saw it.
    afters: list[int] = field(default_factory=list)
    befores: list[StreamBefore] = field(default_factory=list)
    pieces: list[RangeResult] = field(default_factory=list)
    # Whether consumers of the job reported what they received, of which producers, and how many
    # sequences this leaves empty.
    has_consumers: bool = False
    producers: set[int] = field(default_factory=set)
    consumed: int = 0

    @property
    def _state(self) -> RangeResult | None:
        """The latest state of the stream."""
        return max(self.pieces, key=lambda piece: piece.last_sequence, default=None)

    @property
    def after(self) -> int:
        """The last sequence before the load."""
        return min(self.afters, default=0)

    @property
    def last_sequence(self) -> int:
        """The stream's last sequence."""
        return self._state.last_sequence if self._state else 0

    @property
    def _others(self) -> list[RangeResult]:
        """States that show another stream than before the load, or none."""
        made = max((before.created_ns for before in self.befores), default=0)
        return [
            piece
            for piece in self.pieces
            if piece.is_gone or (made and piece.created_ns > made + _SAME_NS)
        ]

    @property
    def is_another(self) -> bool:
        """Whether the stream was deleted or recreated."""
        return bool(self._others)

    @property
    def whole_reason(self) -> str:
        """Why the whole stream is gone; empty: it is not, or a server lost it.

        A server that was not restarted does not lose a stream, so somebody deleted it.
        """
        others = self._others
        known = {before.server for before in self.befores} - {""}
        if not others or any(piece.server not in known for piece in others):
            return ""
        return STREAM_DELETED if any(piece.is_gone for piece in others) else STREAM_RECREATED

    def removed_at_most(self) -> int | None:
        """Return how many messages were removed at most; None: possibly all."""
        if self.is_another:
            return None if self.whole_reason else 0
        state = self._state
        if state is None:
            return 0
        seen = sum(piece.front + piece.inside for piece in self.pieces)
        # A replica that lacks messages proves nothing about the leader.
        # Pieces are read one after the other, and the stream may remove messages meanwhile.
        admitted = max(
            max(0, piece.first_sequence - 1 - self.after) + piece.deleted for piece in self.pieces
        )
        return max(0, min(seen, admitted) - state.damaged - self.consumed)

    def empty(self) -> Ranges | None:
        """Return the sequences without a message; None: not all are known."""
        ranges = Ranges()
        for piece in self.pieces:
            if piece.empty is None:
                return None
            try:
                entries = decode(piece.empty)
            except ValueError:
                return None
            for entry in entries:
                for begin, end in entry.ranges or ():
                    ranges.add_range(begin, end)
        return None if ranges.is_full else ranges

    def reasons(self) -> list[str]:
        """Return why the stream removed messages, in CamelCase words, sorted."""
        if self.whole_reason:
            return [self.whole_reason]
        state = self._state
        if state is None:
            return []
        before = self.befores[0].limits if self.befores else state.limits
        if before != state.limits:
            return [LIMITS_CHANGED]
        if state.limits.retention != "limits":
            if self.has_consumers:
                return [NOT_CONSUMED]
            # A reader may have counted the consumer of another reader.
            heard = min(piece.consumers for piece in self.pieces)
            is_unheard = state.limits.retention == "interest" and not heard
            return [NO_INTEREST if is_unheard else RETENTION]
        front = sum(piece.front for piece in self.pieces)
        inside = sum(piece.inside for piece in self.pieces)
        found = set(_limits(state))
        reasons = set(found)
        if front and not found:
            reasons.add(PURGED)
        if inside and MAX_PER_SUBJECT not in found:
            reasons.add(MESSAGES_DELETED)
            if not front:
                reasons -= {DISCARD_OLD, MAX_AGE}
        return sorted(reasons)


def _limits(state: RangeResult) -> Iterable[str]:
    """Yield the limits by which the stream removes old messages, if they were reached."""
    limits: StreamLimits = state.limits
    if limits.max_age > 0:
        yield MAX_AGE
    if limits.max_msgs_per_subject > 0:
        yield MAX_PER_SUBJECT
    if limits.discard == "old":
        is_full = 0 < limits.max_msgs <= state.messages
        is_heavy = 0 < limits.max_bytes <= _FULL_PART * state.bytes
        if is_full or is_heavy:
            yield DISCARD_OLD


def lost_at_least(
    missing: Sequence[Range], marks: Sequence[Mark], empty: Ranges | None, evidence: StreamEvidence
) -> int:
    """Return how many of a producer's missing messages cannot have been removed.

    Args:
        missing: ranges of their numbers.
        marks: some acknowledgements of the producer, by number.
        empty: the stream's sequences without a message; None: unknown.
        evidence: the state of the stream.
    """
    if empty is None or evidence.is_another or not marks:
        return 0
    gaps, wanted = _Counted(empty.ranges()), _Counted(missing)
    lost = 0
    # Before the first mark: a number and a sequence before those of all messages.
    for low, high in pairwise([Mark(-1, evidence.after, 0), *marks, None]):
        assert low is not None
        if low.number >= 0 and wanted.within(low.number, low.number + 1):
            lost += 1 - gaps.within(low.sequence, low.sequence + 1)
        left = wanted.within(low.number + 1, None if high is None else high.number)
        if left and (high is None or high.sequence > low.sequence):
            room = gaps.within(low.sequence + 1, None if high is None else high.sequence)
            lost += max(0, left - room)
    return lost


class _Counted:
    """Ranges that count their numbers within an interval."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._begins = [begin for begin, _ in ranges]
        self._ends = [end for _, end in ranges]

    def within(self, begin: int, end: int | None) -> int:
        """Return how many numbers are in [begin, end); None: open-ended."""
        first = bisect_left(self._ends, begin + 1)
        last = len(self._begins) if end is None else bisect_left(self._begins, end)
        return count(
            (max(begin, self._begins[n]), min(self._ends[n], end or self._ends[n]))
            for n in range(first, last)
        )


def shared_out(total: int, missing: Mapping[int, int], least: Mapping[int, int]) -> dict[int, int]:
    """Return the losses of each producer, by its index, out of `total`.

    Each has its certain losses; the rest cannot be attributed and goes to the first producers.
    """
    lost = {place: min(least.get(place, 0), number) for place, number in missing.items()}
    left = total - sum(lost.values())
    for place, number in missing.items():
        more = max(0, min(left, number - lost[place]))
        lost[place] += more
        left -= more
    return lost
