"""Which first deliveries get ack, nak, term, a late ack or none: planned shares of them."""

from enum import Enum, auto

from njst.contract.kinds.consume import ConsumePlan

# Coprime with 100: each of 100 consecutive messages has its own place in the table.
_SPREAD = 61


class AckOutcome(Enum):
    """What a client does with a first delivery."""

    ACK = auto()
    NAK = auto()
    TERM = auto()
    NO_ACK = auto()
    DELAY_ACK = auto()


class AckPlan:
    """The outcome of each message by its stream sequence: the same for every client."""

    def __init__(self, plan: ConsumePlan) -> None:
        shares = {
            AckOutcome.NAK: plan.nak_percent,
            AckOutcome.TERM: plan.terminate_percent,
            AckOutcome.NO_ACK: plan.ignore_percent,
            AckOutcome.DELAY_ACK: plan.slow_percent,
        }
        table = [outcome for outcome, percent in shares.items() for _ in range(percent)]
        self.are_all_accepted = not table
        self._table = table + [AckOutcome.ACK] * (100 - len(table))

    def of(self, stream_sequence: int) -> AckOutcome:
        """Return what a client does with the first delivery of a message."""
        return self._table[stream_sequence * _SPREAD % 100]

    def comes_again(self, stream_sequence: int) -> bool:
        """Whether the plan has a message redelivered."""
        return self.of(stream_sequence) in (AckOutcome.NAK, AckOutcome.NO_ACK)
