"""Consumer configurations, and creating consumers, shared or one per client."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, ReplayPolicy

from njst.contract.connection import Connection
from njst.contract.fields import INDEX, Storage
from njst.contract.kinds.consume import PUSH_HEARTBEAT_MS
from njst.contract.kinds.consume_settings import AckPolicy as Acknowledge
from njst.contract.kinds.consume_settings import ConsumeMode, Deliver, Replay
from njst.contract.names.assets import (
    OWNER_KEY,
    QUEUE_GROUP,
    consumer_name,
    has_own_consumers,
    shared_deliver_subject,
    stream_names,
)
from njst.contract.names.buckets import bucket_of, key_subject
from njst.contract.plan import ClientPlan
from njst.contract.priority import Priority, PriorityPolicy
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.planning.adjustments import Adjustments
from njst.planning.inbox_prefix import with_prefix
from njst.provisioning.consumer_limits import (
    ALL_SUBJECTS,
    ConsumerOwner,
    create_consumer,
    within_limits,
)
from njst.provisioning.target.jetstream_api import JetStreamApi

# The server removes an unused consumer after this time, in case the clean-up never runs.
CONSUMER_IDLE_S = 3600.0

_ACK = {
    Acknowledge.NONE: AckPolicy.NONE,
    Acknowledge.EXPLICIT: AckPolicy.EXPLICIT,
    Acknowledge.DOUBLE: AckPolicy.EXPLICIT,
    Acknowledge.ALL: AckPolicy.ALL,
}
_DELIVER = {
    Deliver.ALL: DeliverPolicy.ALL,
    Deliver.NEW: DeliverPolicy.NEW,
    Deliver.LAST: DeliverPolicy.LAST,
    Deliver.LAST_PER_SUBJECT: DeliverPolicy.LAST_PER_SUBJECT,
    Deliver.BY_START_SEQUENCE: DeliverPolicy.BY_START_SEQUENCE,
    Deliver.BY_START_TIME: DeliverPolicy.BY_START_TIME,
}
_REPLAY = {Replay.INSTANT: ReplayPolicy.INSTANT, Replay.ORIGINAL: ReplayPolicy.ORIGINAL}
PRIORITY_POLICIES = {
    PriorityPolicy.OVERFLOW: "overflow",
    PriorityPolicy.PINNED_CLIENT: "pinned_client",
    PriorityPolicy.PRIORITIZED: "prioritized",
}
# The server pauses a push consumer whose client does not answer flow control.
HEARTBEAT_S = PUSH_HEARTBEAT_MS / 1000


@dataclass
class PriorityConsumerConfig(ConsumerConfig):
    """A consumer with priority groups (ADR-42), which nats-py does not support."""

    priority_groups: list[str] | None = None
    priority_policy: str | None = None
    # In seconds, as all durations in nats-py.
    priority_timeout: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the configuration as the API expects it: durations in ns."""
        result = super().as_dict()
        if self.priority_timeout is not None:
            result["priority_timeout"] = self._to_nanoseconds(self.priority_timeout)
        return result


@dataclass(frozen=True)
class OwnConsumer:
    """The consumer of one client: its name, and the deliver subject of a push consumer."""

    name: str
    deliver: str = ""


def consumer_config(
    job: str, workload: Workload, index: int, own: OwnConsumer | None = None
) -> ConsumerConfig:
    """Return the configuration of a workload's consumer on its stream number `index`.

    Without `own` it is the durable that all clients share.
    """
    consume = workload.consume
    assert consume is not None
    ack = _ACK[consume.effective_ack]
    is_acknowledged = ack is not AckPolicy.NONE
    is_ordered = consume.mode is ConsumeMode.ORDERED
    is_push = consume.mode is ConsumeMode.PUSH
    deliver = own.deliver if own is not None else shared_deliver_subject(job, workload, index)
    # Flow control and heartbeats need a single client.
    is_own_push = is_push and own is not None
    filters = [subject.replace(INDEX, str(index)) for subject in consume.filter_subjects]
    if consume.deliver is Deliver.LAST_PER_SUBJECT and not filters:
        filters = [ALL_SUBJECTS]  # the server requires a filter there
    return _preferring(
        consume.priority,
        durable_name=consumer_name(job, workload) if own is None else own.name,
        deliver_policy=_DELIVER[consume.deliver or Deliver.ALL],
        opt_start_seq=consume.start_sequence,
        opt_start_time=_time(consume.start_time),
        replay_policy=_REPLAY[consume.replay or Replay.INSTANT],
        rate_limit_bps=consume.rate_limit_bits_per_second,
        headers_only=consume.headers_only or None,
        sample_freq=None if consume.sample_percent is None else str(consume.sample_percent),
        ack_policy=ack,
        ack_wait=float(consume.first_ack_wait_seconds) if is_acknowledged else None,
        backoff=[float(wait) for wait in consume.backoff_seconds] if is_acknowledged else None,
        max_deliver=consume.max_deliver,
        max_ack_pending=consume.max_ack_pending if is_acknowledged else None,
        max_waiting=None if is_push else 10_000,
        deliver_subject=deliver if is_push else None,
        deliver_group=QUEUE_GROUP if is_push and own is None else None,
        flow_control=True if is_own_push else None,
        idle_heartbeat=HEARTBEAT_S if is_own_push else None,
        # As in client libraries: an ordered consumer is in memory and can be recreated at any time.
        mem_storage=True if is_ordered or consume.storage is Storage.MEMORY else None,
        num_replicas=1 if is_ordered else consume.replicas,
        inactive_threshold=float(consume.inactive_threshold_seconds or CONSUMER_IDLE_S),
        # Servers before 2.10 support one filter only.
        filter_subject=filters[0] if len(filters) == 1 else None,
        filter_subjects=filters if len(filters) > 1 else None,
        metadata={OWNER_KEY: job},
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def watch_config(job: str, workload: Workload, bucket: str, own: OwnConsumer) -> ConsumerConfig:
    """Return the configuration of a watcher's consumer (ADR-8)."""
    key_value = workload.key_value
    assert key_value is not None
    return ConsumerConfig(
        durable_name=own.name,
        deliver_policy=(
            DeliverPolicy.NEW if key_value.updates_only else DeliverPolicy.LAST_PER_SUBJECT
        ),
        ack_policy=AckPolicy.NONE,
        deliver_subject=own.deliver,
        flow_control=True,
        idle_heartbeat=HEARTBEAT_S,
        mem_storage=True,
        num_replicas=1,
        inactive_threshold=CONSUMER_IDLE_S,
        filter_subject=key_subject(bucket, key_value.watch_keys or ">"),
        metadata={OWNER_KEY: job},
    )


def _preferring(priority: Priority | None, **settings: Any) -> ConsumerConfig:
    """Return a consumer configuration, with priority groups if the spec has them."""
    if priority is None:
        return ConsumerConfig(**settings)
    is_pinned = priority.policy is PriorityPolicy.PINNED_CLIENT
    return PriorityConsumerConfig(
        **settings,
        priority_groups=[QUEUE_GROUP],
        priority_policy=PRIORITY_POLICIES[priority.policy],
        priority_timeout=float(priority.pinned_timeout_seconds) if is_pinned else None,
    )


async def make_shared_consumers(
    api: JetStreamApi,
    job: str,
    spec: JobSpec,
    connection: Connection,
    plans: Sequence[ClientPlan],
    adjusted: Adjustments,
) -> list[ClientPlan]:
    """Create the consumers that clients share; return the plans with pulls that these allow."""
    streams = {stream.name: stream for stream in spec.streams}
    skipped = {plan.number for plan in plans if plan.skipped}
    taken: dict[tuple[int, str], Mapping[str, Any]] = {}
    for number, workload in enumerate(spec.workloads):
        if workload.consume is None or workload.stream is None or has_own_consumers(workload):
            continue
        if workload.consume.existing_consumer is not None or number in skipped:
            continue
        owner = ConsumerOwner(number, workload, adjusted)
        for index, name in enumerate(stream_names(streams[workload.stream])):
            config = consumer_config(job, workload, index)
            if config.deliver_subject:
                deliver = with_prefix(config.deliver_subject, connection)
                config = config.evolve(deliver_subject=deliver)
            taken[number, name] = await create_consumer(api, owner, name, config)
    return [_within_limits(plan, spec, taken, adjusted) for plan in plans]


def _within_limits(
    plan: ClientPlan,
    spec: JobSpec,
    taken: Mapping[tuple[int, str], Mapping[str, Any]],
    adjusted: Adjustments,
) -> ClientPlan:
    if plan.consume is None or (plan.number, plan.consume.stream) not in taken:
        return plan
    owner = ConsumerOwner(plan.number, spec.workloads[plan.number], adjusted)
    config = taken[plan.number, plan.consume.stream]
    return plan.model_copy(update={"consume": within_limits(plan.consume, owner, config)})


async def make_own_consumers(
    api: JetStreamApi,
    job: str,
    spec: JobSpec,
    plans: Iterable[ClientPlan],
    adjusted: Adjustments,
) -> list[ClientPlan]:
    """Create the consumers of single clients; plans of ordered ones get what recreates them."""
    streams = {stream.name: stream for stream in spec.streams}
    made: list[ClientPlan] = []
    for plan in plans:
        workload = spec.workloads[plan.number]
        if plan.consume is None or workload.stream is None or not has_own_consumers(workload):
            made.append(plan)
            continue
        index = stream_names(streams[workload.stream]).index(plan.consume.stream)
        own = OwnConsumer(plan.consume.consumer, plan.consume.deliver)
        if workload.key_value is not None:
            config = watch_config(job, workload, bucket_of(plan.consume.stream), own)
        else:
            config = consumer_config(job, workload, index, own)
        owner = ConsumerOwner(plan.number, workload, adjusted)
        taken = await create_consumer(api, owner, plan.consume.stream, config)
        consume = plan.consume
        if workload.consume is not None:
            consume = within_limits(consume, owner, taken)
        if consume.mode is ConsumeMode.ORDERED:
            again = {**config.as_dict(), "inactive_threshold": taken["inactive_threshold"]}
            consume = consume.model_copy(update={"again": json.dumps(again)})
        made.append(plan.model_copy(update={"consume": consume}))
    return made
