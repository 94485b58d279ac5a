"""Names, subjects and metadata of the assets that a job creates on its target."""

from njst.contract.fields import INDEX
from njst.contract.names.buckets import (
    BUCKET,
    OBJECTS,
    bucket_of,
    chunk_subject,
    key_subject,
    meta_subject,
)
from njst.contract.spec.stream import Retain, Stream
from njst.contract.spec.workload import Workload

# Default prefix of inboxes.
INBOX = "_INBOX"


# Metadata of every stream that njst creates: the id of its job,
OWNER_KEY = "njst.io/job"


# and for the orphan reaper the log of that job, the stream's name, and its retain.
LOG_KEY = "njst.io/log"


STREAM_KEY = "njst.io/stream"


RETAIN_KEY = "njst.io/retain"


def owner_marks(job: str, log: str, stream: str, retain: Retain = Retain.DELETE) -> dict[str, str]:
    """Return the metadata of a stream that a job creates; without a log it is never reaped."""
    if not log:
        return {OWNER_KEY: job}
    return {OWNER_KEY: job, LOG_KEY: log, STREAM_KEY: stream, RETAIN_KEY: retain.value}


def stream_names(stream: Stream) -> list[str]:
    """Return the JetStream names of the streams of one entry."""
    if stream.count == 1:
        return [stream.name]
    return [f"{stream.name}-{index}" for index in range(stream.count)]


def stream_subjects(stream: Stream, index: int) -> list[str]:
    """Return the subjects of the entry's stream number `index`; none: it only copies others."""
    if not stream.takes_messages:
        return []
    if not stream.subjects:
        name = stream_names(stream)[index]
        if name.startswith(OBJECTS):
            bucket = name.removeprefix(OBJECTS)
            return [chunk_subject(bucket, ">"), meta_subject(bucket, ">")]
        return [key_subject(bucket_of(name), ">") if name.startswith(BUCKET) else f"{name}.>"]
    return [subject.replace(INDEX, str(index)) for subject in stream.subjects]


def publish_subjects(stream: Stream, workload: Workload, index: int) -> list[str]:
    """Return the subjects that a publish workload uses on the entry's stream number `index`."""
    assert workload.publish is not None
    if workload.publish.subjects:
        return [subject.replace(INDEX, str(index)) for subject in workload.publish.subjects]
    first = stream_subjects(stream, index)[0]
    return [".".join(workload.name if token in ("*", ">") else token for token in first.split("."))]


def consumer_name(job: str, workload: Workload, client: int | None = None) -> str:
    """Return the name of a workload's shared durable, or of the consumer of one client."""
    own = "" if client is None else f"-{client}"
    return f"njst-{job}-{workload.name}{own}"


def asset_prefix(job: str, workload: Workload, client: int) -> str:
    """Return the name prefix of the streams or consumers that a client manages."""
    return f"njst-{job}-{workload.name}-{client}"


def asset_subject(job: str, stream_name: str) -> str:
    """Return the subject of a managed stream; `>` as the name matches all of them."""
    return f"njst-assets.{job}.{stream_name}"


def deliver_subject(job: str, workload: Workload, client: int) -> str:
    """Return the deliver subject of a client's own push consumer."""
    return f"{INBOX}.njst.{job}.{workload.name}.{client}"


def shared_deliver_subject(job: str, workload: Workload, index: int) -> str:
    """Return the deliver subject of the shared push consumer of the entry's stream `index`."""
    return f"{INBOX}.njst.{job}.{workload.name}.shared.{index}"


def has_own_consumers(workload: Workload) -> bool:
    """Whether each client has its own consumer, which begins at the start of the stream."""
    if workload.key_value is not None:
        return workload.key_value.watches
    return workload.consume is not None and workload.consume.has_own_consumers


# The group of all clients of a shared push consumer, or of a consumer with priorities.
QUEUE_GROUP = "njst"
