"""Whether a stream keeps all that it acknowledges: else looking for it there proves nothing."""

from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig

from njst.contract.kinds.publish import Publish
from njst.contract.plan import STAMP_BYTES

# Headers by which a message does away with others, or with itself, or is not stored as it came.
_HEADERS = ("nats-rollup", "nats-ttl", "nats-incr", "nats-schedule")


def stream_obstacle(config: StreamConfig) -> str:
    """Return why a stream lets go of messages, in one CamelCase word; empty when it does not."""
    if config.retention not in (None, RetentionPolicy.LIMITS):
        return "Retention"
    if config.max_age:
        return "MaxAge"
    if _is_limited(config.max_msgs_per_subject):
        return "MaxMessagesPerSubject"
    limited = _is_limited(config.max_msgs) or _is_limited(config.max_bytes)
    return "DiscardOld" if limited and config.discard != DiscardPolicy.NEW else ""


def _is_limited(bound: int | None) -> bool:
    return bound is not None and bound > 0


def publish_obstacle(publish: Publish) -> str:
    """Return what makes messages not be there, or not be known again; empty when nothing does."""
    # A counter's body is the server's own, and a file is sent as it is.
    has_stamp = publish.increment is None and publish.payload_file is None
    if not has_stamp or publish.payload_bytes < STAMP_BYTES:
        return "NoStamp"
    if publish.delay_seconds is not None:
        return "Delayed"
    if publish.duplicate_percent:
        return "DuplicateIds"
    names = [header.name.lower() for header in publish.headers]
    if publish.ttl_seconds is not None or any(name.startswith(_HEADERS) for name in names):
        return "MessageHeaders"
    return ""
