"""The actions that a worker decides on, and what it knows when it decides; pure.

Events in the log keep their names: `begun` starts a phase, `lost` suspects, `alive` refutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from njst.verdict.abort import Abort

# From `started` to the common start: long enough for all workers to read it (92 ms were measured
# with 100 workers), and short enough not to matter.
LEAD_MS = 400


class ParticipantStage(StrEnum):
    """The stage of a job in this process; IDLE after every restart."""

    IDLE = "Idle"
    PREPARING = "Preparing"
    PREPARED = "Prepared"
    LOADING = "Loading"
    READING = "Reading"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class Prepare:
    """Provision what the job needs, connect the clients, and publish `ready`."""


@dataclass(frozen=True)
class ReportLate:
    """Publish, in place of `ready`, why this worker is not ready in time."""


@dataclass(frozen=True)
class StartLoad:
    """Start the load at `at_ns` (log time)."""

    at_ns: int


@dataclass(frozen=True)
class BeginWorkload:
    """Begin a workload that waited for others, at `at_ns` (log time)."""

    workload: str
    at_ns: int


@dataclass(frozen=True)
class StopLoad:
    """Stop the load, or give up its preparation; the measurements are reported.

    `overdue`: the deadline is over and the log does not answer, so this worker stops by itself.
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
    """Remove what the job made on its target, then append `cleaned`."""


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
    """What a worker knows of one job; times are log time in ns.

    `admitted_ns` is None while earlier jobs hold a worker that this job needs. `heard_ns` has
    the stored time of each participant's last progress. `done` are the awaited workloads that this
    worker has finished, `begun` those that waited for others and have begun here.
    """

    me: str
    stage: ParticipantStage
    now_ns: int
    admitted_ns: int | None
    heard_ns: Mapping[str, int]
    done: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    # The jobs that it waits for, in order.
    waits_for: tuple[str, ...] = ()
    # Why a threshold ends the job early; None: it does not, or others look at that.
    abort: Abort | None = None
