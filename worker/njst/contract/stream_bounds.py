"""Limits of a stream, and its state before the load."""

from njst.contract.model import Message


class StreamLimits(Message):
    """Settings by which a stream removes messages, as in JetStream; 0 or less: no limit."""

    retention: str = "limits"
    discard: str = "old"
    max_msgs: int = -1
    max_bytes: int = -1
    max_age: int = 0
    max_msgs_per_subject: int = -1


class StreamBefore(Message):
    """A stream before the load.

    `server` is the id of the server that reported it; a restart changes the id. `created_ns` is the
    stream's creation time in ns since the Unix epoch; 0: unknown.
    """

    server: str = ""
    created_ns: int = 0
    limits: StreamLimits = StreamLimits()
