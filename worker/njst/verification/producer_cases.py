"""Messages of each producer: acknowledged, found and missing."""

from dataclasses import dataclass, field

from njst.contract.results.readback import StreamReceipts
from njst.verification.mark_codec import Mark
from njst.verification.range_codec import ProducerRanges
from njst.verification.ranges import Range, Ranges


@dataclass
class Producer:
    """Messages of one producer in all slices."""

    found: Ranges = field(default_factory=Ranges)
    copies: int = 0
    is_untold: bool = False
    # Messages that consumers received.
    consumed: Ranges = field(default_factory=Ranges)

    def add(self, entry: ProducerRanges) -> None:
        self.copies += entry.number
        self.is_untold |= entry.ranges is None
        for begin, end in entry.ranges or ():
            # A message that another slice has too is stored twice.
            self.copies += self.found.add_range(begin, end)


@dataclass
class Case:
    """One producer's messages in one stream: which were acknowledged, and which are missing."""

    worker: str
    receipts: StreamReceipts
    sent: ProducerRanges
    seen: Producer
    acknowledged: Ranges
    missing: list[Range]
    # Acknowledged messages that the stream removed because they were consumed.
    consumed: int
    reasons: set[str]
    marks: list[Mark]

    @property
    def is_proved(self) -> bool:
        """Whether the missing messages are absent, not just unread."""
        return not self.reasons
