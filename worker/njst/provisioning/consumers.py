"""A job's streams and consumers in JetStream's own terms."""

from dataclasses import dataclass
from typing import Any

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
)

from njst.contract.fields import (
    INDEX,
    Storage,
)
from njst.contract.kinds.consume import (
    PUSH_HEARTBEAT_MS,
    ConsumeMode,
)
from njst.contract.kinds.consume import AckPolicy as Acknowledge
from njst.contract.kinds.priority import Priority, PriorityPolicy
from njst.contract.kinds.publish import PublishMode
from njst.contract.names.assets import (
    GROUP,
    OWNER_KEY,
    consumer_name,
    owner_marks,
    shared_deliver_subject,
    stream_names,
    stream_subjects,
)
from njst.contract.names.buckets import (
    BUCKET,
    OBJECTS,
    key_subject,
)
from njst.contract.spec.job import (
    JobSpec,
)
from njst.contract.spec.stream import (
    Compression,
    Discard,
    Retention,
    Stream,
)
from njst.contract.spec.workload import Workload
from njst.planning.consumer_limits import most_consumers

# A consumer that nobody uses goes away by itself, should the clean-up never come.
CONSUMER_IDLE_S = 3600.0

_STORAGE = {Storage.FILE: StorageType.FILE, Storage.MEMORY: StorageType.MEMORY}
_RETENTION = {
    Retention.LIMITS: RetentionPolicy.LIMITS,
    Retention.INTEREST: RetentionPolicy.INTEREST,
    Retention.WORK_QUEUE: RetentionPolicy.WORK_QUEUE,
}
_DISCARD = {Discard.OLD: DiscardPolicy.OLD, Discard.NEW: DiscardPolicy.NEW}
_ACK = {
    Acknowledge.NONE: AckPolicy.NONE,
    Acknowledge.EXPLICIT: AckPolicy.EXPLICIT,
    Acknowledge.DOUBLE: AckPolicy.EXPLICIT,
    Acknowledge.ALL: AckPolicy.ALL,
}
PRIORITY_POLICIES = {
    PriorityPolicy.OVERFLOW: "overflow",
    PriorityPolicy.PINNED_CLIENT: "pinned_client",
    PriorityPolicy.PRIORITIZED: "prioritized",
}
# A push consumer whose client does not answer to flow control is held back by the server.
HEARTBEAT_S = PUSH_HEARTBEAT_MS / 1000


def stream_config(
    job: str, spec: JobSpec, stream: Stream, index: int, log: str = "", participants: int = 1
) -> StreamConfig:
    """Return the entry's stream number `index`, marked as the own of a job of a log.

    What the job's workloads need of it is switched on, and nothing else: a stream with every
    feature on is not the stream that a person would have.
    """
    publishes = [w.publish for w in spec.workloads if w.stream == stream.name and w.publish]
    modes = {publish.mode for publish in publishes}
    name = stream_names(stream)[index]
    is_bucket = name.startswith(BUCKET)
    is_store = is_bucket or name.startswith(OBJECTS)
    has_schedules = spec.has_schedules(stream.name)
    return StreamConfig(
        name=name,
        subjects=stream_subjects(stream, index),
        storage=_STORAGE[stream.storage],
        num_replicas=stream.replicas,
        retention=_RETENTION[stream.retention],
        discard=DiscardPolicy.NEW if is_store else _DISCARD[stream.discard],
        max_msgs=stream.max_messages or -1,
        max_bytes=stream.max_bytes or -1,
        max_consumers=most_consumers(spec, stream, participants),
        max_age=float(stream.max_age_seconds or 0),
        max_msgs_per_subject=stream.max_messages_per_subject or (1 if is_bucket else -1),
        compression=(
            StoreCompression.S2 if stream.compression is Compression.S2 else StoreCompression.NONE
        ),
        allow_direct=True,
        # The settings of a key-value bucket (ADR-8) and of an object store (ADR-20); a schedule
        # replaces the one before on its subject.
        allow_rollup_hdrs=is_store or has_schedules,
        deny_delete=is_bucket,
        # Left out unless wanted: a server of 2.12 refuses a name that it does not know.
        allow_atomic=PublishMode.ATOMIC_BATCH in modes or None,
        allow_batched=PublishMode.FAST_BATCH in modes or None,
        allow_msg_ttl=any(publish.ttl_seconds is not None for publish in publishes) or None,
        allow_msg_schedules=has_schedules or None,
        allow_msg_counter=any(publish.increment is not None for publish in publishes) or None,
        metadata=owner_marks(job, log, name, stream.retain),
    )


@dataclass
class PriorityConsumerConfig(ConsumerConfig):
    """A consumer that prefers some clients (ADR-42): what nats-py does not know of."""

    priority_groups: list[str] | None = None
    priority_policy: str | None = None
    # In seconds, as all times of nats-py.
    priority_timeout: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the API's form, which has ns."""
        result = super().as_dict()
        if self.priority_timeout is not None:
            result["priority_timeout"] = self._to_nanoseconds(self.priority_timeout)
        return result


@dataclass(frozen=True)
class OwnConsumer:
    """The consumer of one client: its name, and where it delivers to, if it pushes."""

    name: str
    deliver: str = ""


def consumer_config(
    job: str, workload: Workload, index: int, own: OwnConsumer | None = None
) -> ConsumerConfig:
    """Return a consumer of a workload on its stream number `index`.

    Without `own` it is the durable that all clients share.
    """
    consume = workload.consume
    assert consume is not None
    ack = _ACK[consume.effective_ack]
    is_acknowledged = ack is not AckPolicy.NONE
    is_ordered = consume.mode is ConsumeMode.ORDERED
    is_push = consume.mode is ConsumeMode.PUSH
    deliver = own.deliver if own is not None else shared_deliver_subject(job, workload, index)
    # Flow control and heartbeats are between a server and one client.
    is_own_push = is_push and own is not None
    filters = [subject.replace(INDEX, str(index)) for subject in consume.filter_subjects]
    return _preferring(
        consume.priority,
        durable_name=consumer_name(job, workload) if own is None else own.name,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=ack,
        ack_wait=float(consume.first_ack_wait_seconds) if is_acknowledged else None,
        backoff=[float(wait) for wait in consume.backoff_seconds] if is_acknowledged else None,
        max_deliver=consume.max_deliver,
        max_ack_pending=consume.max_ack_pending if is_acknowledged else None,
        max_waiting=None if is_push else 10_000,
        deliver_subject=deliver if is_push else None,
        deliver_group=GROUP if is_push and own is None else None,
        flow_control=True if is_own_push else None,
        idle_heartbeat=HEARTBEAT_S if is_own_push else None,
        # What an ordered consumer is in every client library: light, and made again at will.
        mem_storage=True if is_ordered else None,
        num_replicas=1 if is_ordered else None,
        inactive_threshold=CONSUMER_IDLE_S,
        # Servers before 2.10 know one filter only.
        filter_subject=filters[0] if len(filters) == 1 else None,
        filter_subjects=filters if len(filters) > 1 else None,
        metadata={OWNER_KEY: job},
    )


def watch_config(job: str, workload: Workload, bucket: str, own: OwnConsumer) -> ConsumerConfig:
    """Return the consumer of a client that watches keys, as ADR-8 has it."""
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
    """Return a consumer's configuration, with priorities when there are some."""
    if priority is None:
        return ConsumerConfig(**settings)
    is_pinned = priority.policy is PriorityPolicy.PINNED_CLIENT
    return PriorityConsumerConfig(
        **settings,
        priority_groups=[GROUP],
        priority_policy=PRIORITY_POLICIES[priority.policy],
        priority_timeout=float(priority.pinned_timeout_seconds) if is_pinned else None,
    )
