"""Recorders, receipts and consumers that the clients of a process share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import ClientPlan, Consumption
from njst.load.recording.integrity import Consumed
from njst.load.recording.number_set import NumberSet
from njst.load.recording.producer_receipts import Receipts
from njst.load.recording.recorder import Ledger


@dataclass
class Shared:
    """What the clients of one load process share: a book for each workload, and who got what."""

    job: str
    # The time of day, in ms since 1970.
    wall_ms: Callable[[], int]
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    consumed: dict[tuple[str, str], Consumed] = field(default_factory=dict)
    receipts: list[Receipts] = field(default_factory=list)

    def ledger(self, workload: str, planned: int | None) -> Ledger:
        """Return the workload's counts; what one client has `planned` is added to the others'."""
        ledger = self.ledgers.setdefault(workload, Ledger(workload, None))
        if planned is not None:
            ledger.planned = (ledger.planned or 0) + planned
        return ledger

    def receipts_of(self, plan: ClientPlan) -> Receipts | None:
        """Return where a producer notes what it is acknowledged; None when nobody wants to know."""
        publish = plan.publish
        if publish is None or publish.read_back is None:
            return None
        is_atomic = publish.mode is PublishMode.ATOMIC_BATCH
        made = Receipts(plan, self.wall_ms, publish.batch if is_atomic else 1)
        self.receipts.append(made)
        return made

    def consumer(self, stream: str, name: str) -> Consumed:
        """Return what clients of this process have had from a consumer."""
        return self.consumed.setdefault((stream, name), Consumed())

    def consumption(self) -> list[Consumption]:
        """Return what consumers had of the streams that let go of it, by producer."""
        numbers: dict[tuple[str, int], NumberSet] = {}
        for (stream, _), consumed in self.consumed.items():
            for code, kept in (consumed.noted or {}).items():
                known = numbers.setdefault((stream, code), NumberSet())
                for begin, end in kept.ranges():
                    known.add_range(begin, end)
        return [
            Consumption(stream=stream, code=code, numbers=known.ranges())
            for (stream, code), known in numbers.items()
        ]
