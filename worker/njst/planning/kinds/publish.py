"""What a publisher sends."""

from njst.contract.kinds.payload import STAMP_BYTES, PayloadPlan
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
from njst.planning.client_slot import ClientSlot, StreamState, WorkloadContext, ms


def publish_plan(
    work: WorkloadContext, publish: Publish, stream_name: str, place: ClientSlot
) -> PublishPlan:
    """Return what a publisher does."""
    assert work.stream is not None
    subjects = publish_subjects(work.stream, work.workload, place.stream)
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
        first_subject=place.first(count, work.workload.messages),
        message_ids=publish.message_ids is MessageIds.UNIQUE,
        duplicate_percent=publish.duplicate_percent,
        headers=publish.fixed_headers(stream_name),
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
        obstacle=unverifiable_reason(publish),
        before=there.before,
    )


def _payload(publish: Publish) -> PayloadPlan:
    if publish.increment is not None:
        return PayloadPlan(bytes_min=0, bytes_max=0)
    return PayloadPlan(
        bytes_min=publish.payload_bytes,
        bytes_max=publish.payload_bytes_max or publish.payload_bytes,
        compressible_percent=publish.compressible_percent,
    )


# Headers by which a message does away with others, or with itself, or is not stored as it came.
_HEADERS = ("nats-rollup", "nats-ttl", "nats-incr", "nats-schedule")
_MESSAGE_ID = "nats-msg-id"
# Where each message has an acknowledgement that says whether it was there already.
_SINGLY = (PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS)


def unverifiable_reason(publish: Publish) -> str:
    """Return what makes messages not be there, or not be known again; empty when nothing does."""
    # A counter's body is the server's own, and a file is sent as it is.
    has_stamp = publish.increment is None and publish.payload_file is None
    if not has_stamp or publish.payload_bytes < STAMP_BYTES:
        return "NoStamp"
    if publish.delay_seconds is not None:
        return "Delayed"
    names = [header.name.lower() for header in publish.headers]
    # Which ones were there already is acknowledged, but not of those in a batch.
    if publish.mode not in _SINGLY and (publish.duplicate_percent or _MESSAGE_ID in names):
        return "DuplicateIds"
    if publish.ttl_seconds is not None or any(name.startswith(_HEADERS) for name in names):
        return "MessageHeaders"
    return ""
