"""Bounded strings and numbers that several parts of a spec share."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

# Placeholder for a stream's number where one entry stands for several streams.
INDEX = "{index}"
# Maximum subjects of a workload on each stream.
MOST_SUBJECTS = 1_000_000
# Maximum length of a workload, and of a job: a month of load, and its read-back.
MOST_RUN_SECONDS = 30 * 86_400
MOST_JOB_SECONDS = 31 * 86_400

# A token of a NATS subject: anything but blanks, dots, wildcards and control characters. No `\s`,
# which is Unicode's in pydantic and ASCII's in a Kubernetes API server.
_WORD = r"[^\x00-\x20.*>\x7f]+"
# Names of streams and consumers: a token without path separators (server/stream.go).
_NAME = r"^[^\x00-\x20.*>/\\\x7f]+$"

LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
Label = Annotated[str, StringConstraints(pattern=LABEL, min_length=1, max_length=40)]
# A token of a subject, and a part of the names of streams and buckets.
MESH = r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?"
MeshName = Annotated[str, StringConstraints(pattern=rf"^{MESH}$", min_length=1, max_length=32)]
# As in Kubernetes; may be empty.
LabelValue = Annotated[str, StringConstraints(pattern=r"^[-A-Za-z0-9_.]*$", max_length=63)]
StreamName = Annotated[str, StringConstraints(pattern=_NAME, min_length=1, max_length=120)]
ConsumerName = Annotated[str, StringConstraints(pattern=_NAME, min_length=1, max_length=255)]
Subject = Annotated[
    str,
    StringConstraints(pattern=rf"^{_WORD}(\.{_WORD})*$", min_length=1, max_length=200),
]
SubjectFilter = Annotated[
    str,
    StringConstraints(
        pattern=rf"^((\*|{_WORD})(\.(\*|{_WORD}))*(\.>)?|>)$", min_length=1, max_length=200
    ),
]
QueueGroup = Subject
Server = Annotated[
    str,
    StringConstraints(
        pattern=r"^(nats|tls|wss?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$",
        min_length=1,
        max_length=255,
    ),
]
ContextName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=63)
]
FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=120)
]

# The largest integer that every JSON reader keeps exactly: 2^53 - 1.
MAX_INTEGER = 9_007_199_254_740_991


def has_wildcard(subject: str) -> bool:
    """Whether a subject contains a wildcard."""
    return not {"*", ">"}.isdisjoint(subject)


class Storage(StrEnum):
    """Where a stream keeps its messages."""

    FILE = "File"
    MEMORY = "Memory"


class Order(StrEnum):
    """Order in which subjects, keys or sequences are used."""

    SEQUENTIAL = "Sequential"
    RANDOM = "Random"
    ZIPF = "Zipf"
