"""Names of JetStream's message headers."""

MESSAGE_ID = "Nats-Msg-Id"

# Compare-and-set: the message is stored only if the last sequence is this one, in the stream or of
# the message's subject.
LAST_SEQUENCE = "Nats-Expected-Last-Sequence"
LAST_SUBJECT_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"

# The only stream that may store the message.
STREAM_HEADER = "Nats-Expected-Stream"

# The message's own time to live, in seconds (ADR-43).
TTL_HEADER = "Nats-TTL"

# What a message adds to the counter of its subject (ADR-49).
INCREMENT_HEADER = "Nats-Incr"

# When a message is stored, and on which subject (ADR-51).
SCHEDULE = "Nats-Schedule"
SCHEDULE_TARGET = "Nats-Schedule-Target"

# The atomic batch that a message belongs to, and its place in it (ADR-50).
BATCH_ID = "Nats-Batch-Id"
BATCH_SEQUENCE = "Nats-Batch-Sequence"
