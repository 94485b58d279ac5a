"""What an agent needs from outside, as protocols: real in a worker, fakes in simulations."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from njst.contract.connection import Connection
from njst.contract.plan import Consumption, LoadPlan, Provisioned, Receipt, SlicePlan
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import ControlOutages, LoadCost, WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.contract.spec.job import JobSpec
from njst.contract.spec.target import Target
from njst.journal.course_reader import RunInThread
from njst.journal.interfaces import Log, Reports, Windows
from njst.journal.state.job_store import JobStore


class LogTime(Protocol):
    """The log's time, as this process estimates it."""

    def now_ns(self) -> int:
        """Return the log's time now, in ns since the Unix epoch."""
        ...

    @property
    def error_us(self) -> int:
        """The maximum error of `now_ns`, in microseconds."""
        ...

    def monotonic_ns_at(self, log_ns: int) -> int:
        """Return the local CLOCK_MONOTONIC instant of a log time."""
        ...

    def outages_since(self, monotonic_ns: int) -> ControlOutages | None:
        """Return the outages from an instant of CLOCK_MONOTONIC to now; None if there were none."""
        ...


class LoadHandle(Protocol):
    """Load processes that are connected and wait for their start time."""

    @property
    def problem(self) -> Problem | None:
        """Why the load failed as a whole; None if it has not."""
        ...

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        """Start at an instant of CLOCK_MONOTONIC; `log_offset_ns` added to it is log time."""
        ...

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        """Begin a workload that waited for others."""
        ...

    def left(self) -> frozenset[str]:
        """Return the workloads that are not finished in these processes."""
        ...

    def tallies(self) -> list[WorkloadTally]:
        """Return the tallies so far."""
        ...

    def take_windows(self) -> list[ParticipantWindow]:
        """Return the windows of the seconds that are over, each once, in order, without a gap."""
        ...

    def cost(self) -> LoadCost | None:
        """Return what the load has cost this host; None before the first measurement."""
        ...

    async def wait(self) -> Outcome:
        """Return when all processes have ended."""
        ...

    def receipts(self) -> list[Receipt]:
        """Return the receipts of each producer, once all processes have ended."""
        ...

    def consumption(self) -> list[Consumption]:
        """Return what consumers took out of streams, once all processes have ended."""
        ...

    def found(self) -> list[str]:
        """Return the servers that the target's INFO named, once all processes have ended."""
        ...

    async def stop(self) -> None:
        """Stop the load, and wait a bounded time for what is in flight."""
        ...

    def kill(self) -> None:
        """Kill the processes."""
        ...


@dataclass(frozen=True)
class AgentDeps:
    """The dependencies of one worker's agent.

    `provision` and `teardown` are those of `njst.provisioning`; `resolve` is that of
    `njst.provisioning.target.target_policy`, with this worker's policy; `prepare` starts load
    processes and connects their clients within a time-out in seconds. All of them raise SetupError.
    `read_slice` reads back a slice of the stored messages, and may be cancelled. `warm_up` gets
    ready for the next job; it is called when no load and no read-back is under way.
    """

    me: str
    log: Log
    job_store: JobStore
    time: LogTime
    resolve: Callable[[Target], Connection]
    provision: Callable[[str, JobSpec, Connection, Sequence[str], str], Awaitable[Provisioned]]
    teardown: Callable[[str, JobSpec, Connection], Awaitable[list[str]]]
    prepare: Callable[[LoadPlan, float], Awaitable[LoadHandle]]
    read_slice: Callable[[SlicePlan], Awaitable[SliceResult]]
    warm_up: Callable[[], None]
    reports: Reports
    windows: Windows
    run_in_thread: RunInThread
    # Servers that targets have named in INFO, by target. They stay in this process: if addresses
    # came from the log, anyone who may write to it could have logins sent anywhere.
    discovered_servers: dict[str, list[str]] = field(default_factory=dict)

    def remember_servers(self, target: Target, named: list[str]) -> None:
        """Replace the known servers of a target by those that it has named."""
        if named:
            self.discovered_servers[target.model_dump_json()] = named

    def connection_to(self, target: Target) -> Connection:
        """Return the connection of a target, with all servers that this worker knows of.

        Raises:
            SetupError: the target is unknown or not allowed.
        """
        return self.resolve(target).knowing(
            self.discovered_servers.get(target.model_dump_json(), [])
        )
