"""The actions that a worker decides on, and what it knows when it decides; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# From `started` to the common start: long enough for all to have read it (92 ms at 100 workers
# were measured), short enough for nobody to wait.
LEAD_MS = 400


class ParticipantStage(StrEnum):
    """How far this process is with a job; it starts at IDLE after every boot."""

    IDLE = "Idle"
    PREPARING = "Preparing"
    PREPARED = "Prepared"
    LOADING = "Loading"
    READING = "Reading"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class Prepare:
    """Make what the job needs, connect the clients, then say `ready`."""


@dataclass(frozen=True)
class ReportLate:
    """Say, in place of `ready`, what keeps this worker from being ready in time."""


@dataclass(frozen=True)
class StartLoad:
    """Start the load at `at_ns` of the log's time."""

    at_ns: int


@dataclass(frozen=True)
class BeginWorkload:
    """Let a workload begin that waited for others, at `at_ns` of the log's time."""

    workload: str
    at_ns: int


@dataclass(frozen=True)
class StopLoad:
    """Stop the load, or give up its preparation; what was measured is reported.

    `overdue` says that the deadline is over and the log silent: nobody else can end this load.
    """

    overdue: bool = False


@dataclass(frozen=True)
class StartJob:
    """Append `started`."""

    run: tuple[str, ...]
    lead_ms: int = LEAD_MS


@dataclass(frozen=True)
class ReportDone:
    """Append `done.<me>`."""

    workloads: tuple[str, ...]


@dataclass(frozen=True)
class StartPhase:
    """Append `begun.<me>`."""

    workloads: tuple[str, ...]
    lead_ms: int = LEAD_MS


@dataclass(frozen=True)
class Cancel:
    """Append `cancelled`."""

    reason: str
    message: str
    before_start: bool = False


@dataclass(frozen=True)
class Suspect:
    """Append `lost.<worker>`."""

    worker: str
    silent_ms: int


@dataclass(frozen=True)
class Refute:
    """Append `alive.<me>`."""


@dataclass(frozen=True)
class EndJob:
    """Append `ended` with the report."""


@dataclass(frozen=True)
class Clean:
    """Remove what the job made, then append `cleaned`."""


Action = (
    Prepare
    | ReportLate
    | StartLoad
    | BeginWorkload
    | StopLoad
    | StartJob
    | ReportDone
    | StartPhase
    | Cancel
    | Suspect
    | Refute
    | EndJob
    | Clean
)


@dataclass(frozen=True)
class Knowledge:
    """What a worker knows of one job; times are the log's, in ns.

    `queue_since_ns` is None while earlier jobs hold a worker that this job needs. `heard_ns` has
    the stored time of each participant's last progress. `done` are the awaited workloads that this
    worker has nothing more to do of, `begun` those that were let begin here.
    """

    me: str
    stage: ParticipantStage
    now_ns: int
    queue_since_ns: int | None
    heard_ns: Mapping[str, int]
    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    # The jobs that it waits for, in their order.
    waits_for: tuple[str, ...] = ()
