"""Recorders, receipts and consumers that the clients of a process share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import ClientPlan, Consumption
from njst.load.recording.integrity import ConsumedMessages
from njst.load.recording.number_set import NumberSet
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder


@dataclass
class SharedRecords:
    """The records of one load process: a recorder for each workload, receipts, consumers."""

    job: str
    # The time of day, in ms since 1970.
    wall_ms: Callable[[], int]
    recorders: dict[str, Recorder] = field(default_factory=dict)
    consumed: dict[tuple[str, str], ConsumedMessages] = field(default_factory=dict)
    receipts: list[ProducerReceipts] = field(default_factory=list)

    def recorder(self, workload: str, planned: int | None) -> Recorder:
        """Return the workload's recorder; add what one client has `planned`."""
        recorder = self.recorders.setdefault(workload, Recorder(workload, None))
        if planned is not None:
            recorder.planned = (recorder.planned or 0) + planned
        return recorder

    def receipts_of(self, plan: ClientPlan) -> ProducerReceipts | None:
        """Return the receipts of a producer; None when its messages are not read back."""
        publish = plan.publish
        if publish is None or publish.read_back is None:
            return None
        is_atomic = publish.mode is PublishMode.ATOMIC_BATCH
        made = ProducerReceipts(plan, self.wall_ms, publish.batch if is_atomic else 1)
        self.receipts.append(made)
        return made

    def consumer(self, stream: str, name: str) -> ConsumedMessages:
        """Return what the clients of this process have received from a consumer."""
        return self.consumed.setdefault((stream, name), ConsumedMessages())

    def consumption(self) -> list[Consumption]:
        """Return what was consumed of streams that delete it, by producer."""
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
