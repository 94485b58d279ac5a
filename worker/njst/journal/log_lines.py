"""The log lines of worker and operator, as text or as JSON.

`2026-01-02T03:04:05.678Z WARNING mesh=default job=0mx2fv7w4-of87t5 resource=team-a/orders the event
finished is not stored yet: ...`
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from njst.contract.events import Origin

NOTHING = "-"


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSubject(NamedTuple):
    """What a line is about: a job or experiment, and the resource or document that it is from."""

    job: str = NOTHING
    resource: str = NOTHING


# Of the running task; tasks that it starts inherit it.
_subject: ContextVar[LogSubject | None] = ContextVar("log_subject", default=None)


def log_about(job: str, origin: Origin) -> None:
    """Let what this task logs from now on be about a job, and about the resource that it is of."""
    name = "/".join(part for part in (origin.namespace, origin.name) if part)
    _subject.set(LogSubject(job, name or NOTHING))


def log_about_resource(name: str) -> None:
    """Let what this task logs from now on be about a resource, as `namespace/name`."""
    _subject.set(LogSubject(resource=name))


@contextmanager
def logged_about(job: str) -> Iterator[None]:
    """Let what is logged inside be about a job, and what comes after about what it was before."""
    token = _subject.set(LogSubject(job))
    try:
        yield
    finally:
        _subject.reset(token)


class LineFormatter(logging.Formatter):
    """Writes UTC with milliseconds, level, mesh, job, resource (`-`: none), and the message."""

    def __init__(self, mesh: str, form: LogFormat = LogFormat.TEXT) -> None:
        """Make the formatter of a process of this mesh."""
        super().__init__()
        self._mesh = mesh
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; as text, an exception follows on lines of its own."""
        time = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "mesh": self._mesh,
            **(_subject.get() or LogSubject())._asdict(),
        }
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        if self._form is LogFormat.JSON:
            fields["message"] = record.getMessage()
            if exception:
                fields["exception"] = exception
            return json.dumps(fields, ensure_ascii=False)
        stamp, level, *named = fields.items()
        pairs = " ".join(f"{name}={value}" for name, value in named)
        line = f"{stamp[1]} {level[1]} {pairs} {record.getMessage()}"
        return f"{line}\n{exception}" if exception else line


def set_up(mesh: str, form: LogFormat, level: LogLevel) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(mesh, form))
    logging.basicConfig(level=level.upper(), handlers=[handler])
