"""Room for many consumers on a stream.

A server takes 1,000 of them on a stream whose configuration names no number (measured on
nats-server 2.15), and as many as that says where it does.
"""

from njst.contract.kinds.management import ManagementOperation
from njst.contract.names.assets import has_own_consumers
from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream
from njst.contract.spec.workload import Workload

_UNASKED = 1_000
# For those of the read-back, and of whoever looks on.
_MORE = 1_000
# Nobody knows how many calls a duration has.
_ENDLESS = 1_000_000


def most_consumers(spec: JobSpec, stream: Stream, participants: int) -> int | None:
    """Return how many consumers a stream must take; None when a server does without being asked."""
    mine = [workload for workload in spec.workloads if workload.stream == stream.name]
    count = sum(_consumers(workload, participants) for workload in mine)
    return count + _MORE if count + _MORE // 10 > _UNASKED else None


def _consumers(workload: Workload, participants: int) -> int:
    """Return how many consumers there may be at once of a workload on one of its streams."""
    clients = workload.clients * participants
    management = workload.management
    if management is None:
        return clients if has_own_consumers(workload) or workload.object_store is not None else 1
    if management.operation is ManagementOperation.CYCLE_CONSUMER:
        return clients * (management.assets + management.window)
    made = 0
    if management.operation is ManagementOperation.CREATE_CONSUMER or management.deletes:
        made = _ENDLESS if workload.messages is None else workload.messages
    return clients * management.assets + made
