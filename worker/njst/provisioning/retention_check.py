"""Whether messages can be looked for in their stream, and what the stream is before they are sent.

What a stream lets go of by its limits is known from its state afterwards, not from here.
"""

from nats.js.api import StreamInfo

from njst.contract.stream_bounds import StreamBefore, StreamLimits


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
