"""Streams, consumers, subjects and metadata that a job makes on its target."""

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

# What inboxes begin with, unless a connection has another prefix.
INBOX = "_INBOX"


# Metadata of every stream that njst makes: the id of the job that made it,
OWNER_KEY = "njst.io/job"


# and for those that come later: which log that job is in, the stream's name, and its retain.
LOG_KEY = "njst.io/log"


STREAM_KEY = "njst.io/stream"


RETAIN_KEY = "njst.io/retain"


def owner_marks(job: str, log: str, stream: str, retain: Retain = Retain.DELETE) -> dict[str, str]:
    """Return the metadata of a stream that a job makes; without a log it is nobody's orphan."""
    if not log:
        return {OWNER_KEY: job}
    return {OWNER_KEY: job, LOG_KEY: log, STREAM_KEY: stream, RETAIN_KEY: retain.value}


def stream_names(stream: Stream) -> list[str]:
    """Return the JetStream names of the streams that one entry stands for."""
    if stream.count == 1:
        return [stream.name]
    return [f"{stream.name}-{index}" for index in range(stream.count)]


def stream_subjects(stream: Stream, index: int) -> list[str]:
    """Return the subjects of the entry's stream number `index`."""
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
    """Return the durable's name that all clients of a workload share, or one client's own."""
    own = "" if client is None else f"-{client}"
    return f"njst-{job}-{workload.name}{own}"


def asset_prefix(job: str, workload: Workload, client: int) -> str:
    """Return what the names of the streams or consumers begin with that a client manages."""
    return f"njst-{job}-{workload.name}-{client}"


def asset_subject(job: str, stream_name: str) -> str:
    """Return the subject of a stream that is managed; `>` in place of the name: of all of them."""
    return f"njst-assets.{job}.{stream_name}"


def deliver_subject(job: str, workload: Workload, client: int) -> str:
    """Return where a client's own push consumer delivers to."""
    return f"{INBOX}.njst.{job}.{workload.name}.{client}"


def shared_deliver_subject(job: str, workload: Workload, index: int) -> str:
    """Return where the shared push consumer of the entry's stream number `index` delivers to."""
    return f"{INBOX}.njst.{job}.{workload.name}.shared.{index}"


def has_own_consumers(workload: Workload) -> bool:
    """Whether each client has a consumer of its own, and takes the stream from its beginning."""
    if workload.key_value is not None:
        return workload.key_value.watches
    return workload.consume is not None and workload.consume.has_own_consumers


# The one group of clients of a consumer: of a shared push consumer, and of one with priorities.
QUEUE_GROUP = "njst"
