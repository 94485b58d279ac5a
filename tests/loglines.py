"""The lines of a worker's or operator's log, taken apart."""

import re
from typing import NamedTuple

_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<level>[A-Z]+) mesh=(?P<mesh>\S+)"
    r" job=(?P<job>\S+) resource=(?P<resource>\S+) (?P<message>.*)"
)


class LogLine(NamedTuple):
    """What a line says."""

    time: str
    level: str
    mesh: str
    job: str
    resource: str
    message: str


def parsed(text: str) -> list[LogLine]:
    """Return the lines of a log that have the form of one; others are not the logger's."""
    return [LogLine(**found.groupdict()) for found in map(_LINE.match, text.splitlines()) if found]
