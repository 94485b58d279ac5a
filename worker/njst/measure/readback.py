"""What several readers found of what was acknowledged, put together."""

from collections.abc import Iterable

from njst.contract.plan import Receipt
from njst.contract.result import ReadBack, WorkloadTally


def merge_read_backs(parts: Iterable[ReadBack | None]) -> ReadBack | None:
    """Return the sums, with all reasons why some were not looked for; None for no parts."""
    some = [part for part in parts if part is not None]
    if not some:
        return None
    return ReadBack(
        acknowledged=sum(part.acknowledged for part in some),
        found=sum(part.found for part in some),
        lost=sum(part.lost for part in some),
        unchecked=sum(part.unchecked for part in some),
        reasons=sorted({reason for part in some for reason in part.reasons}),
        recovered=sum(part.recovered for part in some),
        duplicated=sum(part.duplicated for part in some),
        corrupted=sum(part.corrupted for part in some),
        unexpected=sum(part.unexpected for part in some),
    )


def unchecked(receipt: Receipt, reason: str) -> ReadBack:
    """Return what is known of a producer whose messages were not looked for."""
    return ReadBack(acknowledged=receipt.count, unchecked=receipt.count, reasons=[reason])


def unchecked_tally(receipt: Receipt, reason: str) -> WorkloadTally:
    """Return the same as a part of the workload's book."""
    return WorkloadTally(workload=receipt.workload, read_back=unchecked(receipt, reason))
