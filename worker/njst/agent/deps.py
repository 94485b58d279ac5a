"""What an agent needs from outside, as protocols: real ones in `run`, fakes in simulations."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from njst.contract.connection import Connection
from njst.contract.plan import ClientPlan, Consumption, LoadPlan, Receipt, SlicePlan
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import ControlOutages, LoadCost, WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.target import Target
from njst.journal.interfaces import Log, Reports
from njst.journal.state.job_store import JobStore


class LogTime(Protocol):
    """The log's time as this process knows it."""

    def now_ns(self) -> int:
        """Return the log's time now, in ns since the Unix epoch."""
        ...

    @property
    def error_us(self) -> int:
        """How far `now_ns` may be off, in microseconds."""
        ...

    def monotonic_ns_at(self, log_ns: int) -> int:
        """Return the local CLOCK_MONOTONIC instant of a log time."""
        ...

    def outages_since(self, monotonic_ns: int) -> ControlOutages | None:
        """Return when the log did not answer from that instant to now; None: it always did."""
        ...


class LoadHandle(Protocol):
    """Load processes that are connected and wait for their start."""

    @property
    def problem(self) -> Problem | None:
        """What made the load fail as a whole; None as long as nothing has."""
        ...

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        """Begin at that instant, with what leads from there to the log's time."""
        ...

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        """Let a workload begin that waited for others."""
        ...

    def left(self) -> frozenset[str]:
        """Return the workloads of which something is left to do here."""
        ...

    def tallies(self) -> list[WorkloadTally]:
        """Return what was done so far."""
        ...

    def cost(self) -> LoadCost | None:
        """Return what that took of this host; None before the load says so."""
        ...

    async def wait(self) -> Outcome:
        """Return when all processes have ended."""
        ...

    def receipts(self) -> list[Receipt]:
        """Return what each producer was acknowledged, once all processes have ended."""
        ...

    def consumption(self) -> list[Consumption]:
        """Return what consumers had of streams that let go of it, once all processes have ended."""
        ...

    def found(self) -> list[str]:
        """Return the servers that the target's cluster has named, once all processes have ended."""
        ...

    async def stop(self) -> None:
        """End the load; what was in flight is waited for, for a bounded time."""
        ...

    def kill(self) -> None:
        """End the processes now."""
        ...


_Result = TypeVar("_Result")


class RunInThread(Protocol):
    """Computes beside the event loop."""

    async def __call__(self, compute: Callable[[], _Result], /) -> _Result:
        """Return what `compute` returns; what takes long must not keep the worker from its jobs."""
        ...


@dataclass(frozen=True)
class AgentDeps:
    """The outside of one worker.

    `make` and `remove` are `njst.provisioning.provision`'s, `resolve` is
    `njst.provisioning.target_policy`'s with this worker's policy; `prepare` starts load processes
    and connects their clients within its time-out in seconds. All raise SetupError. `look` reads a
    slice of what was stored; who cancels it ends that.
    """

    me: str
    log: Log
    job_store: JobStore
    time: LogTime
    resolve: Callable[[Target], Connection]
    make: Callable[[str, JobSpec, Connection, Sequence[str], str], Awaitable[list[ClientPlan]]]
    remove: Callable[[str, JobSpec, Connection], Awaitable[list[str]]]
    prepare: Callable[[LoadPlan, float], Awaitable[LoadHandle]]
    look: Callable[[SlicePlan], Awaitable[SliceResult]]
    reports: Reports
    beside: RunInThread
    # The servers that targets' clusters have named to loads of this worker. They stay in this
    # process: an address in the log could lead a login to anybody.
    found: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, target: Target, found: list[str]) -> None:
        """Keep the servers that a target's cluster has named, in place of those before."""
        if found:
            self.found[target.model_dump_json()] = found

    def reach(self, target: Target) -> Connection:
        """Return how to reach a target by any server that this worker knows of.

        Raises:
            SetupError: the target is unknown or not allowed.
        """
        return self.resolve(target).knowing(self.found.get(target.model_dump_json(), []))
