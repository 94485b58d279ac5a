"""What is known of each producer: what was acknowledged, what was found, and what is missing."""

from dataclasses import dataclass, field

from njst.contract.results.readback import StreamReceipts
from njst.verification.mark_codec import Mark
from njst.verification.range_codec import ProducerRanges
from njst.verification.ranges import Range, Ranges


@dataclass
class Producer:
    """What was seen of one producer in all slices."""

    found: Ranges = field(default_factory=Ranges)
    copies: int = 0
    is_untold: bool = False
    # What consumers had, wherever it is now.
    consumed: Ranges = field(default_factory=Ranges)

    def add(self, entry: ProducerRanges) -> None:
        self.copies += entry.number
        self.is_untold |= entry.ranges is None
        for begin, end in entry.ranges or ():
            # What was found in another slice too is there twice.
            self.copies += self.found.add_range(begin, end)


@dataclass
class Case:
    """One producer's messages in one stream: what was acknowledged, and what of it is missing."""

    worker: str
    receipts: StreamReceipts
    sent: ProducerRanges
    seen: Producer
    acknowledged: Ranges
    missing: list[Range]
    # Of those acknowledged, not in the stream any more, because a consumer had them.
    consumed: int
    reasons: set[str]
    marks: list[Mark]

    @property
    def is_proved(self) -> bool:
        """Whether what is missing is not there, and not only unseen."""
        return not self.reasons
