"""Planner of publish."""

from njst.contract.header_names import INCREMENT, MESSAGE_ID, ROLLUP, SCHEDULE, TTL
from njst.contract.kinds.publish import (
    MessageIds,
    Publish,
    PublishMode,
    PublishPlan,
    ReadBackPlan,
    ReplySubjects,
    Verify,
)
from njst.contract.names.assets import publish_subjects
from njst.contract.payload import STAMP_BYTES, PayloadPlan
from njst.contract.results.readback import (
    DELAYED,
    DUPLICATE_IDS,
    MESSAGE_HEADERS,
    NO_STAMP,
    SOURCED,
)
from njst.planning.client_slot import ClientSlot, StreamState, WorkloadContext, ms


def publish_plan(
    work: WorkloadContext, publish: Publish, stream_name: str, slot: ClientSlot
) -> PublishPlan:
    """Return the plan of a publisher."""
    assert work.stream is not None
    subjects = publish_subjects(work.stream, work.workload, slot.stream)
    count = len(subjects) * publish.subject_count
    return PublishPlan(
        stream=stream_name,
        mode=publish.mode,
        window=publish.window,
        batch=publish.batch,
        payload=_payload(publish),
        subjects=subjects,
        subject_count=publish.subject_count,
        subject_order=publish.subject_order,
        first_subject=slot.first(count, work.workload.messages),
        message_ids=publish.message_ids is MessageIds.UNIQUE,
        duplicate_percent=publish.duplicate_percent,
        fixed_headers=publish.fixed_headers(stream_name),
        expect=publish.expect,
        reuses_replies=publish.reply_subjects is ReplySubjects.REUSED,
        delay_ms=ms(publish.delay_seconds) or 0,
        last_sequence=work.there.get(stream_name, StreamState()).last_sequence,
        ack_timeout_ms=publish.ack_timeout_seconds * 1000,
        read_back=_read_back(work, publish, stream_name),
    )


def _read_back(work: WorkloadContext, publish: Publish, stream_name: str) -> ReadBackPlan | None:
    if publish.verify is Verify.NONE:
        return None
    there = work.there.get(stream_name, StreamState())
    return ReadBackPlan(
        stream=stream_name,
        after_sequence=there.last_sequence,
        obstacle=unverifiable_reason(publish) or _sourced(work, there),
        before=there.before,
    )


def _sourced(work: WorkloadContext, there: StreamState) -> str:
    """Return the reason if the stream may have copies of what the job publishes elsewhere.

    A read-back finds messages by their producers: a copy would be a message of the wrong stream.
    """
    publishes_elsewhere = any(
        other.publish is not None and other.stream != work.workload.stream
        for other in work.spec.workloads
    )
    return SOURCED if there.has_sources and publishes_elsewhere else ""


def _payload(publish: Publish) -> PayloadPlan:
    if publish.increment is not None:
        return PayloadPlan(bytes_min=0, bytes_max=0)
    return PayloadPlan(
        bytes_min=publish.payload_bytes,
        bytes_max=publish.payload_bytes_max or publish.payload_bytes,
        compressible_percent=publish.compressible_percent,
    )


# Headers of messages that remove others, expire, or are not stored as they were sent.
_UNVERIFIABLE_PREFIXES = tuple(name.lower() for name in (ROLLUP, TTL, INCREMENT, SCHEDULE))
# Modes in which each message's acknowledgement says whether it is a duplicate.
_SINGLY = (PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS)


def unverifiable_reason(publish: Publish) -> str:
    """Return why a read-back would prove nothing, in one CamelCase word; empty: it would."""
    # The server writes the body of a counter, and a file is sent unchanged.
    has_stamp = publish.increment is None and publish.payload_file is None
    if not has_stamp or publish.payload_bytes < STAMP_BYTES:
        return NO_STAMP
    if publish.delay_seconds is not None:
        return DELAYED
    names = [header.name.lower() for header in publish.headers]
    # Acknowledgements name duplicates, but not within a batch.
    if publish.mode not in _SINGLY and (publish.duplicate_percent or MESSAGE_ID.lower() in names):
        return DUPLICATE_IDS
    if publish.ttl_seconds is not None or any(
        name.startswith(_UNVERIFIABLE_PREFIXES) for name in names
    ):
        return MESSAGE_HEADERS
    return ""
