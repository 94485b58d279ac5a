"""What a client reads directly."""

from njst.agent.share.place import There, Work, split
from njst.contract.fields import INDEX
from njst.contract.plan import GetPlan


def get_plan(work: Work, stream_name: str, number: int) -> GetPlan | None:
    """Return what a reader does; None where the workload is of another kind."""
    get = work.workload.get
    if get is None:
        return None
    return GetPlan(
        mode=get.mode,
        stream=stream_name,
        order=get.order,
        window=get.window,
        batch=get.batch,
        subjects=[subject.replace(INDEX, str(number)) for subject in get.subjects],
        subject_count=get.subject_count,
        last_sequence=work.there.get(stream_name, There()).last_sequence
        + _published_before(work, number),
        timeout_ms=get.timeout_seconds * 1000,
    )


def _published_before(work: Work, number: int) -> int:
    """Return how many messages the stream gets from workloads that this one begins after."""
    if work.stream is None:
        return 0
    return sum(
        split(workload.messages, work.stream.count, number)
        for workload in work.spec.before(work.workload)
        if workload.publish is not None
        and workload.stream == work.workload.stream
        and workload.messages is not None
    )
