"""What a stream's own state says of acknowledged messages that are not in it: removed, or lost.

Each acknowledged message has had a sequence of the stream. A sequence that the stream still counts
and that has no message any more was let go: by a limit, or because somebody asked for it. So no
more of the missing messages can have been removed than the stream has such sequences; the others
are lost. That a sequence was given again to another message, or is behind the stream's last one,
is what a stream does that has forgotten.

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

# Two ways of one server to say when a stream was made may differ by its rounding.
_SAME_NS = 1_000_000
# A stream that discards old messages by their bytes is nearly full afterwards.
_FULL_PART = 2


@dataclass
class StreamEvidence:
    """One stream before the load and after it; pieces are added as they were seen."""

    # The last sequence before the load, as each worker saw it.
    afters: list[int] = field(default_factory=list)
    befores: list[StreamBefore] = field(default_factory=list)
    pieces: list[RangeResult] = field(default_factory=list)
    # Whether consumers of the job say what they had of it, of which producers, and how many
    # sequences they left empty.
    has_consumers: bool = False
    producers: set[int] = field(default_factory=set)
    consumed: int = 0

    @property
    def _state(self) -> RangeResult | None:
        """What was seen last of the whole stream."""
        return max(self.pieces, key=lambda piece: piece.last_sequence, default=None)

    @property
    def after(self) -> int:
        """The sequence behind which the load's messages are."""
        return min(self.afters, default=0)

    @property
    def last_sequence(self) -> int:
        """The stream's last sequence."""
        return self._state.last_sequence if self._state else 0

    @property
    def _others(self) -> list[RangeResult]:
        """What was seen in place of the stream that the load began with: another one, or none."""
        made = max((before.created_ns for before in self.befores), default=0)
        return [
            piece
            for piece in self.pieces
            if piece.is_gone or (made and piece.created_ns > made + _SAME_NS)
        ]

    @property
    def is_another(self) -> bool:
        """Whether the stream is not there any more, or was made anew."""
        return bool(self._others)

    @property
    def whole_reason(self) -> str:
        """Who did away with the whole stream; empty: nobody, or a server that forgot it.

        A server that was not restarted meanwhile forgets no stream: somebody has deleted it.
        """
        others = self._others
        known = {before.server for before in self.befores} - {""}
        if not others or any(piece.server not in known for piece in others):
            return ""
        return STREAM_DELETED if any(piece.is_gone for piece in others) else STREAM_RECREATED

    def removed_at_most(self) -> int | None:
        """Return how many messages can have been removed; None: all of them."""
        if self.is_another:
            return None if self.whole_reason else 0
        state = self._state
        if state is None:
            return 0
        seen = sum(piece.front + piece.inside for piece in self.pieces)
        # A server on which messages are missing that the leader has says nothing of the leader's.
        # Pieces are read one after the other, and it may let go of more meanwhile.
        admitted = max(
            max(0, piece.first_sequence - 1 - self.after) + piece.deleted for piece in self.pieces
        )
        return max(0, min(seen, admitted) - state.damaged - self.consumed)

    def empty(self) -> Ranges | None:
        """Return the sequences without a message; None when not all of them are known."""
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
        """Return why the stream let go of messages, in CamelCase words, sorted."""
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
            # A reader may have seen the consumer of another one.
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
    """Return the limits by which a stream lets go of old messages, as far as they were met."""
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
    """Return how many of one producer's missing messages no removal can explain.

    Args:
        missing: ranges of their numbers.
        marks: some acknowledgements of the producer, in the order of their numbers.
        empty: the stream's sequences without a message; None: not known.
        evidence: what else is known of the stream.
    """
    if empty is None or evidence.is_another or not marks:
        return 0
    gaps, wanted = _Counted(empty.ranges()), _Counted(missing)
    lost = 0
    # Before the first mark is what no message has: the number and sequence before all of them.
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
    """Ranges of which it can be asked how many numbers are between two."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._begins = [begin for begin, _ in ranges]
        self._ends = [end for _, end in ranges]

    def within(self, begin: int, end: int | None) -> int:
        """Return how many are in [begin, end); None: without an end."""
        first = bisect_left(self._ends, begin + 1)
        last = len(self._begins) if end is None else bisect_left(self._begins, end)
        return count(
            (max(begin, self._begins[n]), min(self._ends[n], end or self._ends[n]))
            for n in range(first, last)
        )


def shared_out(total: int, missing: Mapping[int, int], least: Mapping[int, int]) -> dict[int, int]:
    """Return which part of `total` losses each producer has, by its place.

    Each has what is certain of it; who has the rest is not known, and the first are taken for it.
    """
    lost = {place: min(least.get(place, 0), number) for place, number in missing.items()}
    left = total - sum(lost.values())
    for place, number in missing.items():
        more = max(0, min(left, number - lost[place]))
        lost[place] += more
        left -= more
    return lost
