"""Names of JetStream's message headers."""

# The header of a message that the stream itself lets go of (ADR-43).
TTL_HEADER = "Nats-TTL"


# What a message adds to the counter that its subject is (ADR-49).
INCREMENT_HEADER = "Nats-Incr"


# The stream that is to store a message, and no other.
STREAM_HEADER = "Nats-Expected-Stream"


# What a write expects of its subject; a header block with the sequence left open.
LAST_SUBJECT_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"


MESSAGE_ID = "Nats-Msg-Id"
