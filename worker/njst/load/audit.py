"""What was acknowledged against what a stream has: found, lost, recovered, and what is too much.

Pure but for numpy. The model is the queue of Jepsen: acknowledged and found, acknowledged and not
found (lost), found and not acknowledged (recovered: its answer was not heard), found once more
(duplicated), found and never sent (unexpected).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from njst.contract.plan import Receipt
from njst.contract.result import ErrorClass, ReadBack, WorkloadTally
from njst.load.integrity import Consumed, Inspector
from njst.load.ledger import Ledger
from njst.load.numberset import NumberSet, count
from njst.load.receipts import TOO_MANY_HOLES
from njst.load.wire import stamp
from njst.measure.readback import merge_read_backs, unchecked


class Audit:
    """The producers of one workload in one stream, whose messages are looked at once each."""

    def __init__(self, job: str, receipts: Sequence[Receipt]) -> None:
        self._receipts = receipts
        self._codes = np.array([receipt.code for receipt in receipts], dtype=np.uint32)
        self._found = {receipt.code: NumberSet() for receipt in receipts}
        self._ledger = Ledger(receipts[0].workload, None)
        self._inspector = Inspector(stamp.job_code(job), self._ledger, Consumed())
        self._duplicated = 0

    def take(self, data: bytes, at: Sequence[int], sizes: Sequence[int]) -> None:
        """Look at payloads of `sizes` bytes at these places of `data`."""
        stamps = self._inspector.stamps(data, at, sizes, self._codes)
        producers = stamps["producer"]
        for code in set(producers.tolist()):
            sequences = stamps["sequence"][producers == code].astype(np.int64)
            copies = self._found[code].add(sequences)
            self._duplicated += copies
            words = f"a message of producer {code:08x} is stored more than once"
            self._ledger.fail(ErrorClass.DUPLICATED, words, copies)

    def tally(self) -> WorkloadTally:
        """Return what that proves, now that the whole of the stream was looked at."""
        parts = [self._compare(receipt) for receipt in self._receipts]
        errors = self._ledger.tally().errors
        corrupted = sum(e.count for e in errors if e.error_class is ErrorClass.CORRUPTED)
        parts.append(ReadBack(duplicated=self._duplicated, corrupted=corrupted))
        return WorkloadTally(
            workload=self._ledger.workload, errors=errors, read_back=merge_read_backs(parts)
        )

    def _compare(self, receipt: Receipt) -> ReadBack:
        found = self._found[receipt.code]
        if found.is_full:
            return unchecked(receipt, TOO_MANY_HOLES)
        acknowledged = NumberSet(receipt.acknowledged)
        missing = list(acknowledged.without(found))
        lost = count(missing)
        if lost:
            words = (
                f"message {missing[0][0]} of producer {receipt.code:08x} was acknowledged, and is"
                f" not in {receipt.read_back.stream}"
            )
            self._ledger.fail(ErrorClass.LOST, words, lost)
        unexpected = found.beyond(receipt.sent)
        words = f"producer {receipt.code:08x} never sent a message that is in the stream"
        self._ledger.fail(ErrorClass.PROTOCOL, words, unexpected)
        return ReadBack(
            acknowledged=receipt.count,
            found=receipt.count - lost,
            lost=lost,
            recovered=len(found) - (receipt.count - lost) - unexpected,
            unexpected=unexpected,
        )


def by_stream(receipts: Iterable[Receipt]) -> dict[str, list[Receipt]]:
    """Return the receipts of each stream."""
    streams: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        streams.setdefault(receipt.read_back.stream, []).append(receipt)
    return streams


def by_workload(receipts: Iterable[Receipt]) -> list[list[Receipt]]:
    """Return the receipts of each workload together."""
    workloads: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        workloads.setdefault(receipt.workload, []).append(receipt)
    return list(workloads.values())
