"""Names of the message headers that njst sends to JetStream."""

MESSAGE_ID = "Nats-Msg-Id"

# Compare-and-set: the message is stored only if the last sequence is this one, in the stream or of
# the message's subject.
LAST_SEQUENCE = "Nats-Expected-Last-Sequence"
LAST_SUBJECT_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"

# The only stream that may store the message.
EXPECTED_STREAM = "Nats-Expected-Stream"

# The message's own time to live, in seconds (ADR-43).
TTL = "Nats-TTL"

# What a message adds to the counter of its subject (ADR-49).
INCREMENT = "Nats-Incr"

# When a message is stored, and on which subject (ADR-51).
SCHEDULE = "Nats-Schedule"
SCHEDULE_TARGET = "Nats-Schedule-Target"

# The atomic batch that a message belongs to, and its place in it; the last one commits (ADR-50).
BATCH_ID = "Nats-Batch-Id"
BATCH_SEQUENCE = "Nats-Batch-Sequence"
BATCH_COMMIT = "Nats-Batch-Commit"

# The message replaces the earlier ones: those of its subject ("sub"), or all of its stream ("all").
ROLLUP = "Nats-Rollup"

# What happened to a key of a bucket: DEL or PURGE; a value has no such header (ADR-8).
KV_OPERATION = "KV-Operation"
