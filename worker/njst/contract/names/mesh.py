"""Subjects and names on the control NATS; they are built and parsed only here.

Subjects: `njst.<mesh>.v1.job.<id>.<event>` and `...<event>.<worker>` for the log,
`njst.<mesh>.v1.progress.<id>.<worker>` and `...progress.reaping` for the progress stream,
`njst.<mesh>.v1.window.<id>.<worker>.<width>.<number>` and `...newest.<second mod 600>` for windows,
`njst.<mesh>.v1.baseline.<name>` for baselines, `njst.<mesh>.v1.ping` and `...hello` for members.
"""

import re
from dataclasses import dataclass

from njst.contract.fields import MESH

_MESH = re.compile(MESH)
# How many of a participant's newest windows of one second are kept.
NEWEST_WINDOWS = 600


def is_mesh(text: str) -> bool:
    """Whether `text` may name a mesh: lower-case letters, digits and inner dashes, at most 32."""
    return _MESH.fullmatch(text) is not None


@dataclass(frozen=True)
class EventName:
    """Event, job, and the worker of a worker's event."""

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
        """The stream of the job log: decisions and events of participants."""
        return f"NJST_{self.name}_LOG"

    @property
    def progress_stream(self) -> str:
        """The stream that keeps each participant's last progress."""
        return f"NJST_{self.name}_PROGRESS"

    @property
    def windows_stream(self) -> str:
        """The stream of the windows of all participants, which is read on demand."""
        return f"NJST_{self.name}_WINDOWS"

    @property
    def reports_bucket(self) -> str:
        """The object store of reports that are too large for the log."""
        return f"NJST_{self.name}_REPORTS"

    @property
    def baselines_stream(self) -> str:
        """The stream of the baselines, the last one of each name."""
        return f"NJST_{self.name}_BASELINES"

    @property
    def log_subjects(self) -> str:
        """All subjects of the log stream."""
        return f"njst.{self.name}.v1.job.>"

    @property
    def progress_subjects(self) -> str:
        """All subjects of the progress stream."""
        return f"njst.{self.name}.v1.progress.>"

    @property
    def window_subjects(self) -> str:
        """All subjects of the windows stream."""
        return f"njst.{self.name}.v1.window.>"

    @property
    def baseline_subjects(self) -> str:
        """All subjects of the baselines stream."""
        return f"njst.{self.name}.v1.baseline.*"

    def baseline(self, name: str) -> str:
        """Return the subject of a baseline."""
        return f"njst.{self.name}.v1.baseline.{name}"

    @property
    def ping(self) -> str:
        """Core subject on which members report who they are."""
        return f"njst.{self.name}.v1.ping"

    @property
    def reaping(self) -> str:
        """Subject of the progress stream that has a message if orphans were reaped recently."""
        return f"njst.{self.name}.v1.progress.reaping"

    @property
    def hello(self) -> str:
        """Core subject on which a member announces itself once."""
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

    def job_windows(self, job: str) -> str:
        """Return the subjects of all windows of a job."""
        return f"njst.{self.name}.v1.window.{job}.>"

    def window(self, job: str, worker: str, width_s: int, number: int) -> str:
        """Return the subject of a window of a participant's course."""
        return f"njst.{self.name}.v1.window.{job}.{worker}.{width_s}.{number}"

    def newest_window(self, job: str, worker: str, second: int) -> str:
        """Return the subject of a participant's newest windows of one second, in turn."""
        return f"njst.{self.name}.v1.window.{job}.{worker}.newest.{second % NEWEST_WINDOWS}"

    def parse_event(self, subject: str) -> EventName | None:
        """Return the event of a subject; None: the subject is not one of this log."""
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

    def parse_window(self, subject: str) -> tuple[str, str, bool] | None:
        """Return (job, worker, is one of the newest) of a window's subject; None for any other."""
        tokens = subject.split(".")
        if tokens[:4] != ["njst", self.name, "v1", "window"] or len(tokens) != 8:
            return None
        return tokens[4], tokens[5], tokens[6] == "newest"
