"""Describes missing messages of a producer in sentences."""

from collections.abc import Sequence
from datetime import UTC, datetime

from njst.verification.producer_cases import Case
from njst.verification.ranges import Range, count
from njst.verification.stream_evidence import StreamEvidence

_MOST_SPANS = 4


def loss_words(case: Case, lost: int, evidence: StreamEvidence) -> str:
    """Return which acknowledged messages are not in their stream, and since when."""
    code, stream = case.sent.code, case.receipts.stream
    were = "was" if count(case.missing) == 1 else "were"
    words = f"{_numbers(case.missing)} of producer {code:08x} {were} acknowledged"
    if case.marks and case.marks[-1].sequence > evidence.last_sequence > 0:
        words += f" as far as sequence {case.marks[-1].sequence}"
        words += f" (it ends at {evidence.last_sequence})"
    missing = "is not" if lost == count(case.missing) == 1 else "are not"
    some = "" if lost == count(case.missing) else f" ({lost} of them)"
    words += f"{_when(case).removeprefix(', acknowledged')}, and {missing} in {stream}{some}"
    return words


def removal_words(case: Case, evidence: StreamEvidence) -> str:
    """Return which messages a stream removed, and at which sequences."""
    stream = case.receipts.stream
    which = f"of producer {case.sent.code:08x} {_numbers(case.missing)}{_when(case)}"
    if evidence.whole_reason:
        return f"{stream} is not the stream that it was; it lacks {which}"
    empty = evidence.empty()
    where = f"; it has none at sequences {_spans(empty.ranges())}" if empty else ""
    return f"{stream} has let go of messages that it had stored, {which}{where}"


def _numbers(ranges: Sequence[Range]) -> str:
    number = count(ranges)
    first, last = ranges[0][0], ranges[-1][1] - 1
    if number == 1:
        return f"message {first}"
    whole = "" if number == last - first + 1 else f" ({number} of these)"
    return f"messages {first} to {last}{whole}"


def _spans(ranges: Sequence[Range]) -> str:
    told = [f"{b}" if e == b + 1 else f"{b} to {e - 1}" for b, e in ranges[:_MOST_SPANS]]
    return ", ".join([*told, "..."] if len(ranges) > _MOST_SPANS else told)


def _when(case: Case) -> str:
    """Return when the missing messages were acknowledged, as far as marks show."""
    first, last = case.missing[0][0], case.missing[-1][1] - 1
    before = [mark.at_ms for mark in case.marks if mark.number <= first]
    after = [mark.at_ms for mark in case.marks if mark.number >= last]
    since = f" after {_clock(before[-1])}" if before else ""
    until = f" before {_clock(after[0])}" if after else ""
    both = " and" if since and until else ""
    return f", acknowledged{since}{both}{until}" if since or until else ""


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3] + "Z"
