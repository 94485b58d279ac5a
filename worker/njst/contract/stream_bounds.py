"""What a stream keeps, and what it was like before the load."""

from njst.contract.model import Message


class StreamLimits(Message):
    """What makes a stream let go of messages, as JetStream says it; 0 or less: no limit."""

    retention: str = "limits"
    discard: str = "old"
    max_msgs: int = -1
    max_bytes: int = -1
    max_age: int = 0
    max_msgs_per_subject: int = -1


class StreamBefore(Message):
    """What a stream was at the set-up.

    `server` is the id of the server that said so, which is another one after a restart. `created`
    is when the stream was made, in ns since the Unix epoch; 0: unknown.
    """

    server: str = ""
    created_ns: int = 0
    limits: StreamLimits = StreamLimits()
