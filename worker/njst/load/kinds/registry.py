"""Which workload runs a plan: one line for each kind."""

from collections.abc import Callable
from dataclasses import dataclass, field

from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import (
    ClientPlan,
    Consumption,
)
from njst.load.kinds.consume.consumer import ConsumeWorkload
from njst.load.kinds.core.core_request import core_workload
from njst.load.kinds.get.direct_get import get_workload
from njst.load.kinds.key_value.clients import key_value_workload
from njst.load.kinds.management.api_calls import management_workload
from njst.load.kinds.object_store.objects import object_workload
from njst.load.kinds.publish.atomic_batch import atomic_workload
from njst.load.kinds.publish.fast_batch import FastWorkload
from njst.load.kinds.publish.single import (
    publish_workload,
)
from njst.load.load_client import Workload
from njst.load.pacing.pacer import planned_of
from njst.load.recording.integrity import Consumed
from njst.load.recording.number_set import NumberSet
from njst.load.recording.producer_receipts import Receipts
from njst.load.recording.recorder import Ledger


@dataclass
class Shared:
    """What the clients of one load process share: a book for each workload, and who got what."""

    job: str
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    consumed: dict[tuple[str, str], Consumed] = field(default_factory=dict)
    receipts: list[Receipts] = field(default_factory=list)

    def ledger(self, plan: ClientPlan) -> Ledger:
        """Return the workload's counts; the client's part is added to what is planned."""
        ledger = self.ledgers.setdefault(plan.workload, Ledger(plan.workload, None))
        planned = planned_of(plan)
        if planned is not None:
            ledger.planned = (ledger.planned or 0) + planned
        return ledger

    def receipts_of(self, plan: ClientPlan) -> Receipts | None:
        """Return where a producer notes what it is acknowledged; None when nobody wants to know."""
        publish = plan.publish
        if publish is None or publish.read_back is None:
            return None
        is_atomic = publish.mode is PublishMode.ATOMIC_BATCH
        made = Receipts(plan, publish.batch if is_atomic else 1)
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


def workload_of(plan: ClientPlan, inbox: str, shared: Shared) -> Workload:
    """Return the state machine of a client's plan; `inbox` is its own.

    Raises:
        ValueError: the plan has no kind that this version knows.
    """
    ledger = shared.ledger(plan)
    for kind, make in _KINDS.items():
        if getattr(plan, kind) is not None:
            return make(plan, inbox, ledger, shared)
    raise ValueError(f"client {plan.index} of {plan.workload} has nothing to do")


def _publish(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    assert plan.publish is not None
    maker = _PUBLISHERS.get(plan.publish.mode, publish_workload)
    return maker(plan, inbox, ledger, shared.job, shared.receipts_of(plan))


def _consume(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    assert plan.consume is not None
    consumed = shared.consumer(plan.consume.stream, plan.consume.consumer)
    if plan.consume.is_noted and consumed.noted is None:
        consumed.noted = {}
    return ConsumeWorkload(plan, inbox, ledger, shared.job, consumed)


def _core(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    consumed = shared.consumer(plan.workload, str(plan.index))
    return core_workload(plan, inbox, ledger, shared.job, consumed)


_PUBLISHERS: dict[
    PublishMode, Callable[[ClientPlan, str, Ledger, str, Receipts | None], Workload]
] = {
    PublishMode.ATOMIC_BATCH: atomic_workload,
    PublishMode.FAST_BATCH: FastWorkload,
}

# By the field of a plan that is set.
_KINDS: dict[str, Callable[[ClientPlan, str, Ledger, Shared], Workload]] = {
    "publish": _publish,
    "consume": _consume,
    "get": lambda plan, inbox, ledger, _: get_workload(plan, inbox, ledger),
    "key_value": lambda plan, inbox, ledger, of: key_value_workload(plan, inbox, ledger, of.job),
    "object_store": lambda plan, inbox, ledger, _: object_workload(plan, inbox, ledger),
    "management": lambda plan, inbox, ledger, _: management_workload(plan, inbox, ledger),
    "core": _core,
}
