"""Stream configurations, and creating streams."""

from collections.abc import Mapping
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import (
    DiscardPolicy,
    ExternalStream,
    RePublish,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
    StreamConsumerLimits,
    StreamInfo,
    StreamSource,
)
from nats.js.api import PersistMode as NatsPersistMode
from nats.js.api import Placement as NatsPlacement
from nats.js.api import SubjectTransform as NatsTransform
from nats.js.errors import APIError

from njst.contract.fields import Storage
from njst.contract.kinds.kind import StreamFeature
from njst.contract.names.assets import OWNER_KEY, owner_marks, stream_names, stream_subjects
from njst.contract.names.buckets import BUCKET, OBJECTS
from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Compression, Discard, Retention, Stream
from njst.contract.spec.stream_settings import PersistMode, StreamOrigin
from njst.contract.stream_bounds import StreamBefore, StreamLimits
from njst.planning.client_slot import StreamState
from njst.planning.consumer_limits import most_consumers
from njst.planning.stream_copies import copied_state
from njst.provisioning.target.target_connection import STREAM_EXISTS, explained

_STORAGE = {Storage.FILE: StorageType.FILE, Storage.MEMORY: StorageType.MEMORY}


_RETENTION = {
    Retention.LIMITS: RetentionPolicy.LIMITS,
    Retention.INTEREST: RetentionPolicy.INTEREST,
    Retention.WORK_QUEUE: RetentionPolicy.WORK_QUEUE,
}


_DISCARD = {Discard.OLD: DiscardPolicy.OLD, Discard.NEW: DiscardPolicy.NEW}


def stream_config(
    job: str, spec: JobSpec, stream: Stream, index: int, log: str = "", participants: int = 1
) -> StreamConfig:
    """Return the configuration of the entry's stream number `index`; metadata names job and log.

    Only features that the job's workloads need are enabled: a stream with every feature enabled is
    not a stream that a user would have.
    """
    features = {
        feature
        for workload in spec.workloads
        if workload.stream == stream.name
        for feature in workload.kind.stream_features(workload.kind_spec)
    }
    name = stream_names(stream)[index]
    is_bucket = name.startswith(BUCKET)
    is_store = is_bucket or name.startswith(OBJECTS)
    is_async = stream.persist_mode is PersistMode.ASYNC
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
        discard_new_per_subject=bool(stream.discard_new_per_subject),
        max_msg_size=stream.max_message_bytes or -1,
        duplicate_window=float(stream.duplicate_window_seconds or 0),
        persist_mode=NatsPersistMode.ASYNC if is_async else None,
        first_seq=stream.first_sequence,
        deny_purge=bool(stream.deny_purge),
        **_parts(stream),
        compression=(
            StoreCompression.S2 if stream.compression is Compression.S2 else StoreCompression.NONE
        ),
        allow_direct=stream.allow_direct is not False,
        # The settings of a key-value bucket (ADR-8) and of an object store (ADR-20); a schedule
        # replaces the one before on its subject.
        allow_rollup_hdrs=is_store or StreamFeature.SCHEDULES in features,
        deny_delete=is_bucket or bool(stream.deny_delete),
        # Left out unless needed: a server of 2.12 rejects unknown fields.
        allow_atomic=StreamFeature.ATOMIC_BATCHES in features or None,
        allow_batched=StreamFeature.FAST_BATCHES in features or None,
        allow_msg_ttl=StreamFeature.MESSAGE_TTLS in features or None,
        allow_msg_schedules=StreamFeature.SCHEDULES in features or None,
        allow_msg_counter=StreamFeature.COUNTERS in features or None,
        metadata=owner_marks(job, log, name, stream.retain),
    )


def _parts(stream: Stream) -> dict[str, Any]:
    """Return the parts of a configuration that have fields of their own."""
    parts: dict[str, Any] = {}
    if (placement := stream.placement) is not None:
        parts["placement"] = NatsPlacement(placement.cluster, placement.tags or None)
    if (republish := stream.republish) is not None:
        parts["republish"] = RePublish(
            republish.source, republish.destination, republish.headers_only or None
        )
    if (transform := stream.subject_transform) is not None:
        parts["subject_transform"] = NatsTransform(transform.source, transform.destination)
    if (limits := stream.consumer_limits) is not None:
        idle_s = limits.inactive_threshold_seconds
        parts["consumer_limits"] = StreamConsumerLimits(
            None if idle_s is None else float(idle_s), limits.max_ack_pending
        )
    if stream.mirror is not None:
        parts["mirror"] = _origin(stream.mirror)
    elif stream.sources:
        parts["sources"] = [_origin(source) for source in stream.sources]
    return parts


def _origin(origin: StreamOrigin) -> StreamSource:
    external = None
    if origin.api_prefix is not None:
        external = ExternalStream(origin.api_prefix, origin.deliver_prefix)
    return StreamSource(origin.name, filter_subject=origin.filter_subject, external=external)


async def make_streams(
    js: JetStreamContext, job: str, spec: JobSpec, log: str, participants: int
) -> dict[str, StreamInfo]:
    """Create the streams that are not to exist; return them by name."""
    made: dict[str, StreamInfo] = {}
    for number, stream in enumerate(spec.streams):
        for index, name in enumerate(stream_names(stream)):
            if not stream.use_existing:
                field = f"spec.streams[{number}] ({name})"
                config = stream_config(job, spec, stream, index, log, participants)
                made[name] = await explained(field, _add_stream(js, job, config))
    return made


async def stream_states(
    js: JetStreamContext, spec: JobSpec, infos: Mapping[str, StreamInfo], server: str
) -> dict[str, StreamState]:
    """Return the state of each stream before the load, as the server of this id reports it.

    Args:
        js: JetStream of the target, for the origins of copies.
        spec: the job.
        infos: its streams whose state it needs, by name.
        server: the id of the server that reported them.
    """
    there: dict[str, StreamState] = {}
    for number, stream in enumerate(spec.streams):
        for name in filter(infos.__contains__, stream_names(stream)):
            field = f"spec.streams[{number}] ({name})"
            origins = await _origin_states(js, field, stream, there)
            there[name] = copied_state(stream, stream_state(infos[name], server), origins)
    return there


async def _origin_states(
    js: JetStreamContext, field: str, stream: Stream, there: Mapping[str, StreamState]
) -> dict[str, StreamState]:
    """Return the states of the origins of a stream; those of another domain are not known.

    Raises:
        SetupError: the target has no such stream: the server would wait for one in silence.
    """
    states: dict[str, StreamState] = {}
    for origin in stream.origins:
        if origin.api_prefix is not None:
            continue
        known = there.get(origin.name)
        if known is None:
            which = "mirror" if stream.mirror is not None else "sources"
            info = await explained(f"{field}.{which} {origin.name}", js.stream_info(origin.name))
            known = stream_state(info, "")
        states[origin.name] = known
    return states


def stream_state(info: StreamInfo, server: str) -> StreamState:
    """Return the state of a stream, by the word of a server of this id."""
    state = info.state
    return StreamState(
        last_sequence=state.last_seq,
        before=stream_before(info, server),
        # An empty stream has 0 or the sequence of its next message.
        first_sequence=max(1, min(state.first_seq, state.last_seq + 1)),
        average_bytes=state.bytes // state.messages if state.messages else 0,
        messages=state.messages,
        has_sources=bool(info.config.sources),
        allows_direct_get=allows_direct_get(info),
    )


def allows_direct_get(info: StreamInfo) -> bool:
    """Whether replicas answer direct gets, or those of a mirror."""
    return bool(info.config.allow_direct or info.config.mirror_direct)


async def _add_stream(js: JetStreamContext, job: str, config: StreamConfig) -> StreamInfo:
    """Create a stream, or use the one that another worker of the job created.

    JetStream accepts an equal configuration again, but a worker of another version may write other
    metadata.
    """
    try:
        return await js.add_stream(config)
    except APIError as error:
        if error.err_code != STREAM_EXISTS:
            raise
        info = await js.stream_info(config.name or "")
        if (info.config.metadata or {}).get(OWNER_KEY) != job:
            raise
        return info


def stream_before(info: StreamInfo, server: str) -> StreamBefore:
    """Return what a stream is now, by the word of a server of this id."""
    config = info.config
    created_ns = 0
    if info.created is not None:
        created_ns = round(info.created.timestamp() * 1_000_000) * 1000
    return StreamBefore(
        server=server,
        created_ns=created_ns,
        limits=StreamLimits(
            retention=_word(config.retention, "limits"),
            discard=_word(config.discard, "old"),
            max_msgs=_limit(config.max_msgs),
            max_bytes=_limit(config.max_bytes),
            max_age=round((config.max_age or 0) * 1e9),
            max_msgs_per_subject=_limit(config.max_msgs_per_subject),
        ),
    )


def _word(value: object, default: str) -> str:
    return str(getattr(value, "value", value) or default)


def _limit(bound: int | None) -> int:
    return bound if bound is not None and bound > 0 else -1
