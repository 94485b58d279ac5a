"""The clients of each kind of workload: one row for each."""

from collections.abc import Callable

from njst.contract.plan import ClientPlan
from njst.load.kinds.consume.clients import consume_client
from njst.load.kinds.core.clients import core_client
from njst.load.kinds.get.clients import get_client
from njst.load.kinds.key_value.clients import key_value_client
from njst.load.kinds.management.clients import management_client
from njst.load.kinds.object_store.clients import object_store_client
from njst.load.kinds.publish.clients import publish_client
from njst.load.kinds.service.clients import service_client
from njst.load.load_client import LoadClient
from njst.load.pacing.pacer import planned_of
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords


def open_client(plan: ClientPlan, inbox: str, shared: SharedRecords) -> LoadClient:
    """Return the client of a plan; `inbox` is its own.

    Raises:
        ValueError: the plan has no kind that this version knows.
    """
    recorder = shared.recorder(plan.workload, planned_of(plan))
    for kind, make in LOAD_KINDS.items():
        if getattr(plan, kind) is not None:
            return make(plan, inbox, recorder, shared)
    raise ValueError(f"client {plan.index} of {plan.workload} has nothing to do")


# By the field of a plan that is set: the keys of `njst.contract.kinds.registry.KINDS`.
LOAD_KINDS: dict[str, Callable[[ClientPlan, str, Recorder, SharedRecords], LoadClient]] = {
    "publish": publish_client,
    "consume": consume_client,
    "get": get_client,
    "key_value": key_value_client,
    "object_store": object_store_client,
    "management": management_client,
    "core": core_client,
    "service": service_client,
}
