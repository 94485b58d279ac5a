"""What all slices together prove of acknowledged messages: found, lost, removed, or unexpected.

The model is the total-queue checker of Jepsen: acknowledged and found, acknowledged and not found
(lost), found and not acknowledged (recovered: the acknowledgement did not arrive), found more than
once (duplicated), found and never sent (unexpected). A message is not lost if a slice of its stream
was not read, or if the stream's state shows that it was removed
(`njst.verification.stream_evidence`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from njst.contract.results.readback import (
    NOT_READ,
    READ_FAILED,
    TOO_MANY_HOLES,
    UNACKNOWLEDGED,
    WORKER_LOST,
    SliceResult,
    StreamConsumption,
    StreamReceipts,
)
from njst.contract.results.tallies import ErrorClass, ErrorTally, ReadBack, WorkloadTally
from njst.stats.tally_merge import merge, merge_errors, merge_read_backs
from njst.verification import mark_codec
from njst.verification.loss_text import loss_words, removal_words
from njst.verification.producer_cases import Case, Producer
from njst.verification.range_codec import decode
from njst.verification.ranges import Ranges, count
from njst.verification.slices import slices
from njst.verification.stream_evidence import StreamEvidence, lost_at_least, shared_out

# Maximum length of an example.
MOST_WORDS = 300

ReceiptsByWorker = Mapping[str, Sequence[StreamReceipts]]
Tallies = dict[str, list[WorkloadTally]]


@dataclass
class _Seen:
    """The results of all slices, and why some streams were not read completely."""

    producers: dict[int, Producer]
    problems: dict[str, set[str]]
    # Error messages and other details by stream.
    words: dict[str, str]
    corrupted: Tallies
    evidence: dict[str, StreamEvidence]
    # By lost worker and workload.
    recovered: Counter[tuple[str, str]]


def prove(
    receipts: ReceiptsByWorker,
    slice_count: int,
    seen: Mapping[int, tuple[str, SliceResult]],
    missing: str,
    consumed: Sequence[StreamConsumption] = (),
) -> Tallies:
    """Return by worker what is proved of its messages, and which corrupted messages it read.

    Args:
        receipts: messages acknowledged to each worker's producers.
        slice_count: number of slices of the streams.
        seen: reader and result, by the number of the slice.
        missing: why other slices were not read.
        consumed: messages consumed from streams that then remove them.
    """
    known = _put_together(_everything(receipts, slice_count), seen, missing)
    _know_before(known, receipts)
    _know_consumed(known, consumed)
    cases = [
        case
        for worker, some in receipts.items()
        for one in some
        if not one.is_core
        for case in _cases(worker, one, known)
    ]
    proved: Tallies = defaultdict(list, known.corrupted)
    proved.update({worker: proved[worker] for worker in receipts})
    lost = _losses(cases, known)
    for place, case in enumerate(cases):
        proved[case.worker].append(_tally(case, lost.get(place, 0), known))
    for (worker, workload), number in known.recovered.items():
        said = f"{number} messages of lost worker {worker} are in its streams"
        some = ReadBack(recovered=number, reasons=[WORKER_LOST], words=said)
        proved[worker].append(WorkloadTally(workload=workload, read_back=some))
    for worker, tally in _core_tallies(receipts, known):
        proved[worker].append(tally)
    return {worker: merge(tallies) for worker, tallies in proved.items()}


def with_proof(
    tallies: Sequence[WorkloadTally], proofs: Sequence[WorkloadTally]
) -> list[WorkloadTally]:
    """Return a worker's tallies; proofs replace messages that were not looked for yet."""
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
    """Return the read-back without the messages that the proof covers."""
    if told is None or not asked:
        return told
    return told.model_copy(
        update={
            "acknowledged": max(0, told.acknowledged - asked),
            "unchecked": max(0, told.unchecked - asked),
            "reasons": [reason for reason in told.reasons if reason != NOT_READ],
        }
    )


def _everything(receipts: ReceiptsByWorker, slice_count: int) -> list[set[str]]:
    """Return the streams of each slice; without slices, all streams as one."""
    cut = slices([one for some in receipts.values() for one in some], max(1, slice_count))
    return [{piece.stream for piece in pieces} for pieces in cut]


def _put_together(
    streams: Sequence[set[str]], seen: Mapping[int, tuple[str, SliceResult]], missing: str
) -> _Seen:
    known = _Seen(defaultdict(Producer), defaultdict(set), {}, defaultdict(list), {}, Counter())
    for number, here in enumerate(streams):
        worker, sight = seen.get(number, ("", SliceResult(problem=missing)))
        try:
            entries = decode(sight.found)
            problem = sight.problem
        except ValueError:
            entries, problem = [], READ_FAILED
        if problem:
            for stream in here:
                known.problems[stream].add(problem)
                if sight.words:
                    known.words.setdefault(stream, sight.words)
            continue
        for some in sight.recovered:
            known.recovered[some.worker, some.workload] += some.count
        for piece in sight.pieces:
            known.evidence.setdefault(piece.stream, StreamEvidence()).pieces.append(piece)
        for entry in entries:
            known.producers[entry.code].add(entry)
        for changed in sight.corrupted:
            error = ErrorTally(
                error_class=ErrorClass.CORRUPTED, count=changed.count, example=changed.example
            )
            proved = ReadBack(corrupted=changed.count)
            known.corrupted[worker].append(
                WorkloadTally(workload=changed.workload, errors=[error], read_back=proved)
            )
    return known


def _know_before(known: _Seen, receipts: ReceiptsByWorker) -> None:
    """Add the state of each stream before the load."""
    for one in (one for some in receipts.values() for one in some if not one.is_core):
        evidence = known.evidence.setdefault(one.stream, StreamEvidence())
        evidence.afters.append(one.after)
        if one.before is not None:
            evidence.befores.append(one.before)


def _know_consumed(known: _Seen, consumed: Sequence[StreamConsumption]) -> None:
    """Add what consumers received: the stream may have removed it."""
    for some in consumed:
        try:
            entries = decode(some.producers)
        except ValueError:
            continue
        evidence = known.evidence.get(some.stream)
        if evidence is None:
            continue
        evidence.has_consumers = True
        for entry in entries:
            producer = known.producers[entry.code]
            producer.is_untold |= entry.ranges is None
            for begin, end in entry.ranges or ():
                producer.consumed.add_range(begin, end)
            evidence.producers.add(entry.code)
    for evidence in known.evidence.values():
        # Each consumed message leaves an empty sequence.
        evidence.consumed = sum(
            count(known.producers[code].consumed.without(known.producers[code].found))
            for code in evidence.producers
        )


def _cases(worker: str, receipts: StreamReceipts, known: _Seen) -> Iterable[Case]:
    try:
        entries = decode(receipts.producers)
    except ValueError:
        return  # its messages stay unchecked
    try:
        marks = mark_codec.decode(receipts.marks)
    except ValueError:
        marks = {}
    problems = known.problems.get(receipts.stream, set())
    for entry in entries:
        seen = known.producers.get(entry.code, Producer())
        acknowledged = Ranges(entry.ranges or ())
        reasons = set(problems)
        if seen.is_untold or seen.found.is_full:
            reasons.add(TOO_MANY_HOLES)
        unseen = Ranges(acknowledged.without(seen.found))
        yield Case(
            worker=worker,
            receipts=receipts,
            sent=entry,
            seen=seen,
            acknowledged=acknowledged,
            missing=list(unseen.without(seen.consumed)),
            consumed=len(unseen) - count(unseen.without(seen.consumed)),
            reasons=reasons,
            marks=marks.get(entry.code, []),
        )


def _core_tallies(receipts: ReceiptsByWorker, known: _Seen) -> Iterable[tuple[str, WorkloadTally]]:
    """Return how many core NATS messages streams stored, once per workload."""
    told: dict[str, dict[str, list[tuple[str, StreamReceipts]]]] = {}
    for worker, some in receipts.items():
        for one in some:
            if one.is_core:
                of_workload = told.setdefault(one.workload, {})
                of_workload.setdefault(one.stream, []).append((worker, one))
    for workload, by_stream in told.items():
        stored = {
            stream: number
            for stream, those in by_stream.items()
            if (number := _stored(stream, [one for _, one in those], known)) is not None
        }
        those = next(iter(by_stream.values()))
        sent = sum(_sent(one) for _, one in those)
        counted = ReadBack(
            recovered=min(sum(stored.values()), sent),
            reasons=[UNACKNOWLEDGED],
            words=_core_words(stored, sent)[:MOST_WORDS],
        )
        yield those[0][0], WorkloadTally(workload=workload, read_back=counted)


def _stored(stream: str, told: Sequence[StreamReceipts], known: _Seen) -> int | None:
    """Return how many messages a stream has stored since the start; None: nobody knows."""
    evidence = known.evidence.get(stream)
    if evidence is None or not evidence.pieces:
        return None
    return max(0, evidence.last_sequence - min(one.after for one in told))


def _core_words(stored: Mapping[str, int], sent: int) -> str:
    if not stored:
        return ""
    if len(stored) == 1:
        ((stream, number),) = stored.items()
        return (
            f"{stream} takes these messages and acknowledges none: it stored {number} meanwhile,"
            f" of {sent} that were sent"
        )
    parts = ", ".join(f"{stream} {number}" for stream, number in stored.items())
    return (
        "these streams take the messages and acknowledge none; meanwhile they stored, of"
        f" {sent} that were sent: {parts}"
    )


def _sent(receipts: StreamReceipts) -> int:
    try:
        return sum(entry.number for entry in decode(receipts.producers))
    except ValueError:
        return 0


def _losses(cases: Sequence[Case], known: _Seen) -> dict[int, int]:
    """Return how many messages of each case are lost, by its index."""
    by_stream: dict[str, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        if case.missing and case.is_proved:
            by_stream[case.receipts.stream].append(place)
    lost: dict[int, int] = {}
    for stream, places in by_stream.items():
        evidence = known.evidence[stream]
        missing = {place: count(cases[place].missing) for place in places}
        total = sum(missing.values())
        room = evidence.removed_at_most()
        if room is None:
            continue
        empty = evidence.empty()
        least = {
            place: lost_at_least(cases[place].missing, cases[place].marks, empty, evidence)
            for place in places
        }
        certain = max(0, total - room, sum(least.values()))
        lost.update(shared_out(certain, missing, least))
    return lost


def _tally(case: Case, lost: int, known: _Seen) -> WorkloadTally:
    receipts, seen = case.receipts, case.seen
    gone, total = count(case.missing), len(case.acknowledged)
    removed = gone - lost if case.is_proved else 0
    unexpected = seen.found.beyond(case.sent.number)
    evidence = known.evidence[receipts.stream]
    errors = _errors(case, lost, unexpected, evidence)
    if seen.copies:
        words = f"a message of producer {case.sent.code:08x} is stored more than once"
        errors.append(_error(ErrorClass.DUPLICATED, seen.copies, words))
    words = ""
    if removed:
        words = removal_words(case, evidence)
    elif case.reasons:
        words = known.words.get(receipts.stream, "")
    proved = ReadBack(
        acknowledged=total,
        found=total - gone,
        consumed=case.consumed,
        lost=lost,
        removed=removed,
        removed_by=evidence.reasons() if removed else [],
        unchecked=gone - lost - removed,
        # Messages may be stored although none was acknowledged.
        reasons=sorted(case.reasons) if gone or not total else [],
        recovered=len(seen.found) - (total - gone - case.consumed) - unexpected,
        duplicated=seen.copies,
        unexpected=unexpected,
        words=words[:MOST_WORDS],
    )
    return WorkloadTally(workload=receipts.workload, errors=errors, read_back=proved)


def _errors(case: Case, lost: int, unexpected: int, evidence: StreamEvidence) -> list[ErrorTally]:
    errors = []
    code = case.sent.code
    if lost:
        words = loss_words(case, lost, evidence)
        errors.append(_error(ErrorClass.LOST, lost, words))
    if unexpected:
        words = f"producer {code:08x} never sent a message that is in the stream"
        errors.append(_error(ErrorClass.PROTOCOL, unexpected, words))
    return errors


def _error(error_class: ErrorClass, number: int, words: str) -> ErrorTally:
    return ErrorTally(error_class=error_class, count=number, example=words[:300])
