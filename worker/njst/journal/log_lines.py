"""The log lines of worker and operator: time, level, job, message.

`2026-01-02T03:04:05.678Z WARNING job=0mx2fv7w4-of87t5 the event finished is not stored yet: ...`
"""

import logging
import sys
import time
from contextvars import ContextVar

NO_JOB = "-"
# The job of the running task; tasks that it starts inherit it.
current_job: ContextVar[str] = ContextVar("current_job", default=NO_JOB)


class LineFormatter(logging.Formatter):
    """Writes UTC with milliseconds, the level, the job (`-`: none), and the message."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s job=%(job)s %(message)s")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, with the job of the task that logs it."""
        record.job = current_job.get()
        return super().format(record)


def set_up() -> None:
    """Log to standard error, from level INFO."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
