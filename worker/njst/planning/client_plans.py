"""The client plans of a participant."""

from collections.abc import Iterator, Sequence

from njst.contract.names.assets import stream_names
from njst.contract.plan import ClientPlan
from njst.contract.spec.job import JobSpec
from njst.planning.arrivals import arrival_plan
from njst.planning.client_slot import ClientSlot, TargetState, WorkloadContext, ms
from njst.planning.registry import kind_plan


def client_plans(
    job: str,
    spec: JobSpec,
    participants: Sequence[str],
    me: str,
    target: TargetState | None = None,
) -> list[ClientPlan]:
    """Return the plans of the clients that `me` runs, without clients whose share is zero messages.

    Args:
        job: the job's id.
        spec: the job.
        participants: all participants.
        me: one of the participants.
        target: what is known of the target; None: nothing.

    Raises:
        ValueError: `me` is not a participant.
    """
    workers = sorted(participants)
    position = workers.index(me)
    target = target or TargetState()
    plans: list[ClientPlan] = []
    before = 0
    for number, workload in enumerate(spec.workloads):
        if reason := target.skipped.get(workload.name):
            plans.append(ClientPlan(workload=workload.name, number=number, index=0, skipped=reason))
        else:
            work = WorkloadContext(job, spec, workload, number, target.there, target.adjusted)
            plans += _clients(work, position, len(workers), before)
        streams = 1 if workload.stream is None else _stream_count(spec, workload.stream)
        before += workload.clients * len(workers) * streams
    return plans


def _stream_count(spec: JobSpec, name: str) -> int:
    return next((stream.count for stream in spec.streams if stream.name == name), 1)


def _clients(work: WorkloadContext, worker: int, workers: int, before: int) -> Iterator[ClientPlan]:
    """Yield the plans of a worker's clients; `before` is how many clients other workloads have."""
    workload = work.workload
    names = [""] if work.stream is None else stream_names(work.stream)
    for number, name in enumerate(names):
        for own in range(workload.clients):
            client = worker * workload.clients + own
            slot = ClientSlot(client, workers * workload.clients, number, len(names))
            messages = None if workload.messages is None else slot.part(workload.messages)
            if messages == 0:
                continue
            yield ClientPlan(
                workload=workload.name,
                number=work.number,
                index=slot.index,
                place=before + slot.index,
                messages=messages,
                duration_ms=ms(workload.length_seconds),
                warmup_ms=workload.warmup_seconds * 1000,
                start_ms=workload.start_seconds * 1000,
                is_gated=bool(workload.after),
                reconnect_ms=ms(workload.reconnect_seconds),
                pace=arrival_plan(workload, slot),
                **kind_plan(work, name, slot),
            )
