"""The planner of each kind of workload, by the keys of `njst.contract.kinds.registry.KINDS`."""

from collections.abc import Callable
from typing import Any

from njst.contract.kinds.registry import KINDS
from njst.contract.model import Message
from njst.planning.client_slot import ClientSlot, WorkloadContext
from njst.planning.kinds.consume import consume_plan
from njst.planning.kinds.core import core_plan
from njst.planning.kinds.get import get_plan
from njst.planning.kinds.key_value import key_value_plan
from njst.planning.kinds.management import management_plan
from njst.planning.kinds.object_store import object_store_plan
from njst.planning.kinds.publish import publish_plan
from njst.planning.kinds.service import service_plan

# Returns a client's plan, from its workload, the spec of the kind, a stream's name and its slot.
Planner = Callable[[WorkloadContext, Any, str, ClientSlot], Message]

PLANNERS: dict[str, Planner] = {
    "publish": publish_plan,
    "consume": consume_plan,
    "get": get_plan,
    "key_value": key_value_plan,
    "object_store": object_store_plan,
    "management": management_plan,
    "core": core_plan,
    "service": service_plan,
}
# A plan may belong to another kind than the workload: a watcher of keys is a consumer.
_FIELDS = {kind.plan: kind.name for kind in KINDS.values()}


def kind_plan(work: WorkloadContext, stream_name: str, slot: ClientSlot) -> dict[str, Message]:
    """Return the plan of a client, by the field of `ClientPlan` that holds it."""
    workload = work.workload
    plan = PLANNERS[workload.kind.name](work, workload.kind_spec, stream_name, slot)
    return {_FIELDS[type(plan)]: plan}
