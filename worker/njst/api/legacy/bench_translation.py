"""Translates settings of the original njst into a job spec, and a job into its status. Pure.

Fields are those of types.go of the original, as scripts see them. Its bugs are fixed: the batch
size reaches the workers, no remainder is lost, and totals are messages over the common window. As
before, streams of a write stay until they are deleted, because reads follow; `keep_streams` now
keeps them even then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from njst.contract.fields import INDEX
from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.results.report import Report, WorkerResult
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_view import JobView, Phase

MAX_ERRORS = 100


class BenchError(Exception):
    """A rejected request, with the status and message that the original would send."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_zero(cls, data: Any) -> Any:
        """Treat a zero value as omitted: Go does not distinguish the two."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value or isinstance(value, dict)}


class NatsSettings(_Settings):
    """Where the streams are; an empty address means the control NATS."""

    address: str = ""
    shared_connection: bool = False


class WriteSettings(_Settings):
    """A write job."""

    num_streams: int = 1
    num_nodes: int = 0
    num_messages_per_stream: int = 10_000
    num_workers_per_stream: int = 1
    subjects: list[str] = Field(default_factory=lambda: ["default"])
    num_replicas: int = 0
    batch_size: int = 100
    msg_size_bytes: int = 1024
    keep_streams: bool = False
    storage: Literal["", "memory", "disk"] = "memory"


class ReadSettings(_Settings):
    """A read job on the streams of an earlier write job."""

    write_id: str
    num_streams: int = 1
    num_nodes: int = 0
    num_messages_per_stream: int = 10_000
    num_workers_per_stream: int = 1
    subjects: list[str] = Field(default_factory=list)
    batch_size: int = 100


class BenchSettings(_Settings):
    """The body of POST /bench; the worker sets `id`."""

    description: str = ""
    nats: NatsSettings
    write: WriteSettings | None = None
    read: ReadSettings | None = None
    id: str = ""

    def to_json(self) -> str:
        """Return the settings as the original stores and shows them."""
        return self.model_dump_json(exclude_none=True)


def write_spec(settings: BenchSettings, job: str) -> JobSpec:
    """Return the spec of a write job.

    Raises:
        InvalidDocumentError: a setting is out of range.
    """
    write = settings.write
    assert write is not None
    return parse_spec(
        {
            **_common(settings, write.num_nodes),
            "streams": [
                {
                    **_streams(job, write.num_streams),
                    "storage": "File" if write.storage == "disk" else "Memory",
                    "replicas": write.num_replicas or 1,
                    "retain": "Keep",
                }
            ],
            "workloads": [
                {
                    "name": "write",
                    "stream": _streams(job, write.num_streams)["name"],
                    "clients": write.num_workers_per_stream,
                    "messages": write.num_streams * write.num_messages_per_stream,
                    "publish": {
                        "window": write.batch_size,
                        "payloadBytes": write.msg_size_bytes,
                        "subjects": _subjects(job, write.subjects),
                    },
                }
            ],
        }
    )


def read_spec(settings: BenchSettings, write: JobView) -> JobSpec:
    """Return the spec of a job that reads the streams of `write`.

    Raises:
        BenchError: `write` lacks these streams or subjects, or has too few messages.
        InvalidDocumentError: a setting is out of range.
    """
    read = settings.read
    assert read is not None
    written = settings_of(write).write
    if written is None:
        raise BenchError(400, f"unable to validate settings: {read.write_id} is not a write")
    if read.num_streams > written.num_streams:
        raise BenchError(
            400, f"unable to validate settings: the write has {written.num_streams} streams"
        )
    per_stream = _messages(write) // max(1, written.num_streams)
    if read.num_messages_per_stream > per_stream:
        raise BenchError(
            500,
            f"unable to create jobs: unable to create jobs: stream 'njst-{write.id}-0' does not"
            " contain enough messages to satisfy read request",
        )
    streams = _streams(write.id, read.num_streams)
    workload = {
        "name": "read",
        "stream": streams["name"],
        "clients": read.num_workers_per_stream,
        "messages": read.num_streams * read.num_messages_per_stream,
        "consume": {"batch": read.batch_size, **_filter(write.id, read.subjects, written)},
    }
    return parse_spec(
        {
            **_common(settings, read.num_nodes),
            "streams": [{**streams, "useExisting": True}],
            "workloads": [workload],
        }
    )


# What the fields of a job are called in the original's settings.
_ORIGINAL_NAMES = (
    ("spec.workloads[0].publish.window", "write.batch_size"),
    ("spec.workloads[0].publish.payloadBytes", "write.msg_size_bytes"),
    ("spec.workloads[0].publish.subjects", "write.subjects"),
    ("spec.workloads[0].consume.batch", "read.batch_size"),
    ("spec.workloads[0].consume.filterSubjects", "read.subjects"),
    ("spec.workloads[0].clients", "num_workers_per_stream"),
    ("spec.workloads[0].messages", "num_streams x num_messages_per_stream"),
    ("spec.streams[0].count", "num_streams"),
    ("spec.streams[0].replicas", "num_replicas"),
    ("spec.workers", "num_nodes"),
    ("spec.target.servers", "nats.address"),
    ("spec.description", "description"),
)


def in_original_words(problem: FieldProblem) -> str:
    """Return what is wrong with a job, naming the setting that it was made from."""
    for field, name in _ORIGINAL_NAMES:
        if problem.field.startswith(field):
            return f"{name}{problem.field.removeprefix(field)}: {problem.message}"
    return str(problem)


def _filter(job: str, wanted: Sequence[str], written: WriteSettings) -> dict[str, list[str]]:
    """Return the filter of the consumer; none if it reads all subjects of the write job."""
    unknown = sorted(set(wanted) - set(written.subjects))
    if unknown:
        raise BenchError(
            400, f"unable to validate settings: the write has no subject '{unknown[0]}'"
        )
    if not wanted or set(wanted) == set(written.subjects):
        return {}
    return {"filterSubjects": _subjects(job, wanted)}


def _common(settings: BenchSettings, nodes: int) -> dict[str, Any]:
    address = settings.nats.address
    if address and "://" not in address:
        address = f"nats://{address}"
    return {
        "description": settings.description,
        "workers": nodes,
        "target": {"servers": [address]} if address else {},
    }


def _streams(job: str, count: int) -> dict[str, Any]:
    """Return name and count of streams called njst-<id>-0, njst-<id>-1, ..."""
    return {"name": f"njst-{job}", "count": count} if count > 1 else {"name": f"njst-{job}-0"}


def _subjects(job: str, subjects: Sequence[str]) -> list[str]:
    return [f"njst-{job}-{INDEX}.{subject}" for subject in subjects]


def _messages(view: JobView) -> int:
    if view.ended is None:
        return 0
    return sum(workload.messages for workload in view.ended.report.workloads)


def settings_of(view: JobView) -> BenchSettings:
    """Return the settings from which a job was created."""
    return BenchSettings.model_validate_json(view.created.settings)


def shown_settings(view: JobView) -> dict[str, Any]:
    """Return the settings of a job as the original shows them, with the number of nodes set."""
    settings = settings_of(view)
    shown = settings.model_dump(exclude_none=True)
    for part in ("write", "read"):
        if part in shown:
            shown[part]["num_nodes"] = shown[part]["num_nodes"] or len(view.parts)
    if not settings.description:
        del shown["description"]
    return shown


def status_of(view: JobView, report: Report, *, full: bool) -> dict[str, Any]:
    """Return the status of a job; `full` adds the report of each node."""
    workload = report.workloads[0]
    rate = _per_second(workload.in_window, workload.elapsed_us)
    errors = [f"{error.error_class}: {error.example}" for error in workload.errors if error.count]
    status: dict[str, Any] = {
        "status": _word(view),
        "message": _message(view, report),
        **({"errors": errors[:MAX_ERRORS]} if errors else {}),
        "job_id": view.id,
        **_without_zero(
            elapsed_seconds=workload.elapsed_us / 1e6,
            avg_msg_per_sec_per_node=rate / max(1, len(view.run)),
            total_msg_per_sec_all_nodes=rate,
        ),
        "total_processed": workload.messages,
        "total_errors": workload.error_count,
        "started_at": rfc3339(view.start_ns if view.run else view.created_ns),
    }
    if view.ended is not None:
        status["ended_at"] = rfc3339(view.ended_ns)
    if full:
        status["node_reports"] = [_node(worker) for worker in report.workers]
    return status


def rfc3339(time_ns: int) -> str:
    """Return a time as Go formats it: UTC, nanoseconds, no trailing zeros."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{rest_ns:09}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def _per_second(messages: int, elapsed_us: int) -> float:
    return messages * 1e6 / elapsed_us if elapsed_us else 0.0


def _without_zero(**values: float) -> dict[str, float]:
    """Return the values rounded; like the original, without those that are zero."""
    rounded = {name: round(value, 2) for name, value in values.items()}
    return {name: value for name, value in rounded.items() if value}


def _word(view: JobView) -> str:
    words = {
        Phase.SUCCEEDED: "completed",
        Phase.CANCELLED: "cancelled",
        Phase.CANCELLING: "cancelled",
        Phase.FAILED: "error",
    }
    return words.get(view.phase, "in-progress")


def _message(view: JobView, report: Report) -> str:
    if view.phase is Phase.SUCCEEDED:
        return "benchmark completed; final"
    if view.ended is not None:
        return f"{report.reason}: {report.message}"
    return "benchmark is running" if view.run else "workers are preparing"


def _node(worker: WorkerResult) -> dict[str, Any]:
    return {
        "streams": [
            {
                "workers": [
                    {
                        "WorkerID": worker.worker,
                        "processed": tally.messages,
                        "errors": sum(error.count for error in tally.errors),
                        **_without_zero(
                            elapsed_seconds=tally.elapsed_us / 1e6,
                            avg_msg_per_sec=_per_second(tally.in_window, tally.elapsed_us),
                        ),
                    }
                    for tally in worker.workloads
                ]
            }
        ]
    }
