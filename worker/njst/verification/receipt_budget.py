"""Receipts that fit into a message, and the tallies of messages that are not looked for."""

from collections.abc import Iterable, Sequence

from njst.contract.plan import Consumption, Receipt
from njst.contract.results.readback import (
    NOT_READ,
    TOO_MANY_HOLES,
    WORKER_LOST,
    StreamConsumption,
    StreamReceipts,
)
from njst.contract.results.tallies import ReadBack, WorkloadTally
from njst.stats.tally_merge import merge_read_backs
from njst.verification import mark_codec
from njst.verification.mark_codec import MOST_OF_ALL, Mark
from njst.verification.range_codec import ProducerRanges, encode, fitted
from njst.verification.ranges import Ranges

# Maximum size of an encoded mark.
_MARK_BYTES = 32


def unchecked_tally(
    workload: str, count: int, reason: str, *, is_told: bool = False
) -> WorkloadTally:
    """Return a tally of `count` acknowledged messages that were not looked for.

    With `is_told` it has the reason even if there are none: unacknowledged ones may be stored.
    """
    reasons = [reason] if count or is_told else []
    proved = ReadBack(acknowledged=count, unchecked=count, reasons=reasons)
    return WorkloadTally(workload=workload, read_back=proved)


def of_lost_worker(tally: WorkloadTally) -> WorkloadTally:
    """Return a lost worker's tally; its acknowledged messages are unchecked.

    Which messages these are is lost with the worker; how many of its messages are stored may be
    known.
    """
    if not tally.messages and tally.read_back is None:
        return tally
    last = ReadBack(acknowledged=tally.messages, unchecked=tally.messages, reasons=[WORKER_LOST])
    together = merge_read_backs([tally.read_back, last])
    return tally.model_copy(update={"read_back": together})


def split_receipts(
    receipts: Sequence[Receipt], max_bytes: int
) -> tuple[list[StreamReceipts], list[WorkloadTally]]:
    """Return the receipts for the readers, and the tallies until the messages are looked for.

    Receipts are left out if a look would prove nothing, or if their ranges exceed `max_bytes` in
    total.
    """
    groups: dict[tuple[str, str], list[Receipt]] = {}
    tallies = []
    for receipt in receipts:
        if receipt.read_back.obstacle:
            reason = receipt.read_back.obstacle
            tally = unchecked_tally(
                receipt.workload, receipt.count, reason, is_told=receipt.sent > 0
            )
            tallies.append(tally)
        elif receipt.sent:
            key = receipt.workload, receipt.read_back.stream
            groups.setdefault(key, []).append(receipt)
    asked = []
    share = max_bytes // max(1, len(groups))
    for (workload, stream), some in groups.items():
        after = min(receipt.read_back.after_sequence for receipt in some)
        known, untold = _fitted(some, share - share // 4)
        count = sum(receipt.count for receipt in known)
        tallies.append(unchecked_tally(workload, count, NOT_READ))
        tallies.append(unchecked_tally(workload, untold, TOO_MANY_HOLES))
        asked.append(
            StreamReceipts(
                workload=workload,
                stream=stream,
                after=after,
                count=count,
                producers=encode(map(_entry, known)),
                marks=mark_codec.encode(
                    ((one.code, [Mark(*mark) for mark in one.marks]) for one in known),
                    min(MOST_OF_ALL, share // 4 // _MARK_BYTES),
                ),
                before=next((one.read_back.before for one in some), None),
            )
        )
    return asked, tallies


def had(consumption: Iterable[Consumption], max_bytes: int) -> list[StreamConsumption]:
    """Return what consumers received, by stream, in at most `max_bytes`."""
    streams: dict[str, dict[int, Ranges]] = {}
    for some in consumption:
        known = streams.setdefault(some.stream, {}).setdefault(some.code, Ranges())
        for begin, end in some.numbers:
            known.add_range(begin, end)
    return [
        StreamConsumption(
            stream=stream,
            producers=fitted(
                (
                    ProducerRanges(code, 0, None if known.is_full else known.ranges())
                    for code, known in producers.items()
                ),
                max_bytes // len(streams),
            ),
        )
        for stream, producers in streams.items()
    ]


def _entry(receipt: Receipt) -> ProducerRanges:
    return ProducerRanges(receipt.code, receipt.sent, receipt.acknowledged)


def _fitted(receipts: list[Receipt], max_bytes: int) -> tuple[list[Receipt], int]:
    """Return the receipts that fit, and the number of messages acknowledged to the others."""
    ordered = sorted(receipts, key=lambda receipt: len(receipt.acknowledged))
    left = len(ordered)
    while left and len(encode(map(_entry, ordered[:left]))) > max_bytes:
        left = left * 3 // 4
    return ordered[:left], sum(receipt.count for receipt in ordered[left:])
