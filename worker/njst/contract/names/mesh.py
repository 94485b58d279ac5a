"""Names on the control NATS and of what a job makes; each is built and read in this file alone.

Subjects: `njst.<mesh>.v1.job.<id>.<event>` and `...<event>.<worker>` for the log,
`njst.<mesh>.v1.progress.<id>.<worker>` and `...progress.reaping` for the stream beside it,
`njst.<mesh>.v1.ping` and `...hello` for members.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from njst.contract.fields import INDEX, MESH
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

_MESH = re.compile(MESH)
_JOB_ID = re.compile(r"[a-z0-9][-a-z0-9]{0,62}")
_WORKER = re.compile(r"[a-z0-9][-a-z0-9]{0,94}")


def is_mesh(text: str) -> bool:
    """Whether `text` may name a mesh: lower-case letters, digits and inner dashes, at most 32."""
    return _MESH.fullmatch(text) is not None


def is_job_id(text: str) -> bool:
    """Whether `text` may be a job's id: a token that is safe in a subject and in a URL."""
    return _JOB_ID.fullmatch(text) is not None


def is_worker(text: str) -> bool:
    """Whether `text` may be a worker's id."""
    return _WORKER.fullmatch(text) is not None


@dataclass(frozen=True)
class EventName:
    """Which event of which job, and of which worker where it is a worker's own."""

    job: str
    event: str
    worker: str = ""


@dataclass(frozen=True)
class Mesh:
    """The names of one mesh on its control NATS."""

    name: str = "default"

    def __post_init__(self) -> None:
        if not is_mesh(self.name):
            raise ValueError(
                f"mesh {self.name!r}: must be 1 to 32 lower-case letters, digits or inner dashes"
            )

    @property
    def log_stream(self) -> str:
        """The stream of the decisions and of what participants say once."""
        return f"NJST_{self.name}_LOG"

    @property
    def progress_stream(self) -> str:
        """The stream that keeps each participant's last progress."""
        return f"NJST_{self.name}_PROGRESS"

    @property
    def reports_bucket(self) -> str:
        """The object store of reports that are too large for the log."""
        return f"NJST_{self.name}_REPORTS"

    @property
    def log_subjects(self) -> str:
        """All subjects of the log stream."""
        return f"njst.{self.name}.v1.job.>"

    @property
    def progress_subjects(self) -> str:
        """All subjects of the progress stream."""
        return f"njst.{self.name}.v1.progress.>"

    @property
    def ping(self) -> str:
        """Core subject on which members answer who they are."""
        return f"njst.{self.name}.v1.ping"

    @property
    def reaping(self) -> str:
        """Subject of the progress stream that is taken while somebody looked for orphans lately."""
        return f"njst.{self.name}.v1.progress.reaping"

    @property
    def hello(self) -> str:
        """Core subject on which a member says once that it is there."""
        return f"njst.{self.name}.v1.hello"

    def event(self, name: EventName) -> str:
        """Return the log subject of an event."""
        tail = f".{name.worker}" if name.worker else ""
        return f"njst.{self.name}.v1.job.{name.job}.{name.event}{tail}"

    def job_subjects(self, job: str) -> str:
        """Return the subjects of all events of a job."""
        return f"njst.{self.name}.v1.job.{job}.>"

    def progress(self, job: str, worker: str) -> str:
        """Return the progress subject of a participant."""
        return f"njst.{self.name}.v1.progress.{job}.{worker}"

    def parse_event(self, subject: str) -> EventName | None:
        """Return what `event` was given; None for a subject that is not of this log."""
        head, tokens = subject.split(".")[:4], subject.split(".")[4:]
        if head != ["njst", self.name, "v1", "job"] or len(tokens) not in (2, 3):
            return None
        return EventName(*tokens)

    def parse_progress(self, subject: str) -> tuple[str, str] | None:
        """Return (job, worker) of a progress subject; None for any other."""
        tokens = subject.split(".")
        if tokens[:4] != ["njst", self.name, "v1", "progress"] or len(tokens) != 6:
            return None
        return tokens[4], tokens[5]


BUCKET = "KV_"
OBJECTS = "OBJ_"


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


def chunk_subject(bucket: str, nuid: str) -> str:
    """Return the subject of an object's chunks; `>` in place of its id: of all chunks (ADR-20)."""
    return f"$O.{bucket}.C.{nuid}"


def meta_subject(bucket: str, name: str) -> str:
    """Return the subject of an object's description; its name is in base64, but for `>`."""
    if name == ">":
        return f"$O.{bucket}.M.>"
    return f"$O.{bucket}.M.{urlsafe_b64encode(name.encode()).decode()}"


def key_subject(bucket: str, key: str) -> str:
    """Return the subject of a bucket's key, or of many with wildcards (ADR-8)."""
    return f"$KV.{bucket}.{key}"


def bucket_of(stream_name: str) -> str:
    """Return the key-value bucket that a stream is (ADR-8)."""
    return stream_name.removeprefix(BUCKET)


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
GROUP = "njst"
