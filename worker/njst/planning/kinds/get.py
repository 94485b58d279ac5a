"""Planner of get."""

from njst.contract.fields import INDEX
from njst.contract.kinds.get import BY_SUBJECT, Get, GetPlan, ReadFrom
from njst.planning.client_slot import ClientSlot, StreamState, WorkloadContext
from njst.planning.stream_copies import published_before


def get_plan(work: WorkloadContext, get: Get, stream_name: str, slot: ClientSlot) -> GetPlan:
    """Return the plan of a reading client."""
    number = slot.stream
    state = work.there.get(stream_name, StreamState())
    last_sequence = state.last_sequence
    if work.stream is not None:
        last_sequence += published_before(work, work.stream, number)
    is_by_subject = get.mode in BY_SUBJECT
    count = (
        len(get.subjects) * get.subject_count
        if is_by_subject
        else max(1, last_sequence - state.first_sequence + 1)
    )
    return GetPlan(
        mode=get.mode,
        stream=stream_name,
        order=get.order,
        window=get.window,
        batch=get.batch,
        subjects=[subject.replace(INDEX, str(number)) for subject in get.subjects],
        subject_count=get.subject_count,
        first_sequence=state.first_sequence,
        last_sequence=last_sequence,
        first=slot.first(count, work.workload.messages),
        is_from_leader=_is_from_leader(work, get, stream_name),
        timeout_ms=get.timeout_seconds * 1000,
    )


def _is_from_leader(work: WorkloadContext, get: Get, stream_name: str) -> bool:
    """Whether the leader alone is asked: the spec says so, or the stream allows nothing else."""
    if get.read_from is not None:
        return get.read_from is ReadFrom.LEADER
    if work.there.get(stream_name, StreamState()).allows_direct_get:
        return False
    why = f"{stream_name} allows no direct gets (allow_direct is false)"
    work.adjusted.note(work.workload.name, "get.readFrom", ReadFrom.LEADER, why)
    return True
