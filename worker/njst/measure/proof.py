"""What all slices together prove of what was acknowledged: found, lost, recovered, too much.

The model is the queue of Jepsen: acknowledged and found, acknowledged and not found (lost), found
and not acknowledged (recovered: its answer was not heard), found once more (duplicated), found and
never sent (unexpected). Nothing is lost as long as a slice of its stream was not seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from njst.contract.readback import (
    NOT_READ,
    READ_FAILED,
    TOO_MANY_HOLES,
    Sight,
    StreamReceipts,
)
from njst.contract.result import ErrorClass, ErrorTally, ReadBack, WorkloadTally
from njst.measure.ranges import Range, Ranges, count
from njst.measure.rangetext import Entry, decode
from njst.measure.readback import merge_read_backs
from njst.measure.slices import slices
from njst.measure.tally import merge, merge_errors

Receipts = Mapping[str, Sequence[StreamReceipts]]
Tallies = dict[str, list[WorkloadTally]]


@dataclass
class _Producer:
    """What was seen of one producer in all slices."""

    found: Ranges = field(default_factory=Ranges)
    copies: int = 0
    is_untold: bool = False

    def add(self, entry: Entry) -> None:
        self.copies += entry.number
        self.is_untold |= entry.ranges is None
        for begin, end in entry.ranges or ():
            # What was found in another slice too is there twice.
            self.copies += self.found.add_range(begin, end)


@dataclass
class _Seen:
    """All slices: what was found, and of which streams not all was seen, and why."""

    producers: dict[int, _Producer]
    problems: dict[str, set[str]]
    corrupted: Tallies


def prove(
    receipts: Receipts, slice_count: int, seen: Mapping[int, tuple[str, Sight]], missing: str
) -> Tallies:
    """Return by worker what is proved of its messages, and what it saw that is corrupted.

    Args:
        receipts: what each worker's producers were acknowledged.
        slice_count: in how many slices the streams were read.
        seen: who saw what, by the number of the slice.
        missing: why nobody saw the others.
    """
    everything = _everything([one for some in receipts.values() for one in some], slice_count)
    known = _put_together(everything, seen, missing)
    proved: Tallies = defaultdict(list, known.corrupted)
    for worker, some in receipts.items():
        for one in some:
            proved[worker] += _compare(one, known)
    return {worker: merge(tallies) for worker, tallies in proved.items()}


def with_proof(
    tallies: Sequence[WorkloadTally], proofs: Sequence[WorkloadTally]
) -> list[WorkloadTally]:
    """Return a worker's tallies with what is proved in place of what was not looked for yet."""
    by_name = {proof.workload: proof for proof in proofs}
    known = [_together(tally, by_name.pop(tally.workload, None)) for tally in tallies]
    return [*known, *by_name.values()]


def _together(tally: WorkloadTally, proof: WorkloadTally | None) -> WorkloadTally:
    if proof is None or proof.read_back is None:
        return tally
    told = _without_asked(tally.read_back, proof.read_back.acknowledged)
    return tally.model_copy(
        update={
            "read_back": merge_read_backs([told, proof.read_back]),
            "errors": merge_errors([*tally.errors, *proof.errors]),
        }
    )


def _without_asked(told: ReadBack | None, asked: int) -> ReadBack | None:
    """Return what was not asked for."""
    if told is None or not asked:
        return told
    return told.model_copy(
        update={
            "acknowledged": max(0, told.acknowledged - asked),
            "unchecked": max(0, told.unchecked - asked),
            "reasons": [reason for reason in told.reasons if reason != NOT_READ],
        }
    )


def _everything(receipts: Iterable[StreamReceipts], slice_count: int) -> list[set[str]]:
    """Return the streams that have a piece in each slice; where none was cut, all are in one."""
    cut = slices(receipts, max(1, slice_count))
    return [{piece.stream for piece in pieces} for pieces in cut]


def _put_together(
    streams: Sequence[set[str]], seen: Mapping[int, tuple[str, Sight]], missing: str
) -> _Seen:
    known = _Seen(defaultdict(_Producer), defaultdict(set), defaultdict(list))
    for number, here in enumerate(streams):
        worker, sight = seen.get(number, ("", Sight(problem=missing)))
        try:
            entries = decode(sight.found)
            problem = sight.problem
        except ValueError:
            entries, problem = [], READ_FAILED
        if problem:
            for stream in here:
                known.problems[stream].add(problem)
            continue
        for entry in entries:
            known.producers[entry.code].add(entry)
        for some in sight.corrupted:
            error = ErrorTally(
                error_class=ErrorClass.CORRUPTED, count=some.count, example=some.example
            )
            proved = ReadBack(corrupted=some.count)
            known.corrupted[worker].append(
                WorkloadTally(workload=some.workload, errors=[error], read_back=proved)
            )
    return known


def _compare(receipts: StreamReceipts, known: _Seen) -> Iterable[WorkloadTally]:
    try:
        entries = decode(receipts.producers)
    except ValueError:
        return  # then they stay unchecked
    problems = known.problems.get(receipts.stream, set())
    for entry in entries:
        yield _compare_one(receipts, entry, known.producers.get(entry.code, _Producer()), problems)


def _compare_one(
    receipts: StreamReceipts, sent: Entry, seen: _Producer, problems: set[str]
) -> WorkloadTally:
    acknowledged, found = Ranges(sent.ranges or ()), seen.found
    reasons = set(problems)
    if seen.is_untold or found.is_full:
        reasons.add(TOO_MANY_HOLES)
    missing = list(acknowledged.without(found))
    gone, total = count(missing), len(acknowledged)
    lost = 0 if reasons else gone
    unexpected = found.beyond(sent.number)
    errors = _errors(receipts.stream, sent.code, missing if lost else [], unexpected)
    if seen.copies:
        words = f"a message of producer {sent.code:08x} is stored more than once"
        errors.append(_error(ErrorClass.DUPLICATED, seen.copies, words))
    proved = ReadBack(
        acknowledged=total,
        found=total - gone,
        lost=lost,
        unchecked=gone - lost,
        reasons=sorted(reasons) if gone and reasons else [],
        recovered=len(found) - (total - gone) - unexpected,
        duplicated=seen.copies,
        unexpected=unexpected,
    )
    return WorkloadTally(workload=receipts.workload, errors=errors, read_back=proved)


def _errors(stream: str, code: int, lost: list[Range], unexpected: int) -> list[ErrorTally]:
    errors = []
    if lost:
        words = (
            f"message {lost[0][0]} of producer {code:08x} was acknowledged, and is not in {stream}"
        )
        errors.append(_error(ErrorClass.LOST, count(lost), words))
    if unexpected:
        words = f"producer {code:08x} never sent a message that is in the stream"
        errors.append(_error(ErrorClass.PROTOCOL, unexpected, words))
    return errors


def _error(kind: ErrorClass, number: int, words: str) -> ErrorTally:
    return ErrorTally(error_class=kind, count=number, example=words[:300])
