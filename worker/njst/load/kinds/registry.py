"""Which workload runs a plan: one line for each kind."""

from collections.abc import Callable

from njst.contract.plan import ClientPlan
from njst.load.kinds.consume.clients import consume_client
from njst.load.kinds.core.clients import core_client
from njst.load.kinds.get.clients import get_workload
from njst.load.kinds.key_value.clients import key_value_workload
from njst.load.kinds.management.clients import management_workload
from njst.load.kinds.object_store.clients import object_workload
from njst.load.kinds.publish.clients import publish_client
from njst.load.load_client import Workload
from njst.load.pacing.pacer import planned_of
from njst.load.recording.recorder import Ledger
from njst.load.recording.shared_records import Shared


def workload_of(plan: ClientPlan, inbox: str, shared: Shared) -> Workload:
    """Return the state machine of a client's plan; `inbox` is its own.

    Raises:
        ValueError: the plan has no kind that this version knows.
    """
    ledger = shared.ledger(plan.workload, planned_of(plan))
    for kind, make in _KINDS.items():
        if getattr(plan, kind) is not None:
            return make(plan, inbox, ledger, shared)
    raise ValueError(f"client {plan.index} of {plan.workload} has nothing to do")


# By the field of a plan that is set.
_KINDS: dict[str, Callable[[ClientPlan, str, Ledger, Shared], Workload]] = {
    "publish": publish_client,
    "consume": consume_client,
    "get": lambda plan, inbox, ledger, _: get_workload(plan, inbox, ledger),
    "key_value": lambda plan, inbox, ledger, of: key_value_workload(plan, inbox, ledger, of.job),
    "object_store": lambda plan, inbox, ledger, _: object_workload(plan, inbox, ledger),
    "management": lambda plan, inbox, ledger, _: management_workload(plan, inbox, ledger),
    "core": core_client,
}
