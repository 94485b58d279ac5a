"""Whether messages can be looked for in their stream, and what the stream is before they are sent.

What a stream lets go of by its limits is known from its state afterwards, not from here.
"""

from nats.js.api import StreamInfo

from njst.contract.kinds.payload import (
    STAMP_BYTES,
)
from njst.contract.kinds.publish import Publish, PublishMode
from njst.contract.results.readback import StreamBefore, StreamLimits

# Headers by which a message does away with others, or with itself, or is not stored as it came.
_HEADERS = ("nats-rollup", "nats-ttl", "nats-incr", "nats-schedule")
_MESSAGE_ID = "nats-msg-id"
# Where each message has an acknowledgement that says whether it was there already.
_SINGLY = (PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS)


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


def publish_obstacle(publish: Publish) -> str:
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
