"""The load processes of one job in this worker, as the agent controls them."""

import asyncio
import contextlib
import json
from asyncio.subprocess import Process
from typing import Any

from njst.contract.plan import ClientPlan, Consumption, LoadPlan, Receipt
from njst.contract.results.outcome import START_TIMEOUT, Outcome, Problem
from njst.contract.results.tallies import ErrorClass, ErrorTally, LoadCost, ReadBack, WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.load.host.spawn import Spawn, spawn
from njst.stats.course.window_merge import ProcessWindows
from njst.stats.host_cost import merge_costs
from njst.stats.tally_merge import merge

LOAD_PROCESS = "njst.load.runtime.load_process"
# Longer than a stopped client waits for what is in flight.
STOP_S = 4.0
# Interval of the heartbeat to the processes.
BEAT_S = 1.0


class LoadProblem(Exception):  # noqa: N818 - the agent's word for it
    """Load that cannot be prepared: a CamelCase reason, and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")


class _Child:
    """One load process: its plan, and its last reports."""

    def __init__(self, process: Process, plan: LoadPlan) -> None:
        self.process = process
        self.plan = plan
        self.tallies: list[WorkloadTally] = []
        self.cost: LoadCost | None = None
        self.receipts: list[Receipt] = []
        self.consumption: list[Consumption] = []
        # The discovered servers of the target's cluster.
        self.found: list[str] = []
        self.outcome: Outcome | None = None
        # Why it ended by itself, if it did.
        self.problem: Problem | None = None
        self.done: set[str] = set()
        # The seconds that are over and were not taken yet.
        self.windows: list[ParticipantWindow] = []

    def send(self, document: dict[str, object]) -> None:
        """Send a line; to a process that has ended, nothing."""
        stdin = self.process.stdin
        assert stdin is not None
        # asyncio drops what is written to a broken pipe, and logs a warning each time.
        if self.process.returncode is not None or stdin.is_closing():
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(json.dumps(document).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """Return the next line, None at the end."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        document: dict[str, Any] = json.loads(line)
        return document

    async def listen(self) -> None:
        """Take reports until the process ends; a death without a last line is an error."""
        while (line := await self.receive()) is not None:
            self.take(line)
        code = await self.process.wait()
        if self.outcome is None:
            self.outcome = Outcome.FAILED
            self.tallies = merge([*self._empty(), *self.tallies, *self._death(code)])

    def take(self, line: dict[str, Any]) -> None:
        """Take what a line of the process reports."""
        if "tallies" in line:
            self.tallies = [WorkloadTally.model_validate(t) for t in line["tallies"]]
            self.cost = LoadCost.model_validate(line["cost"])
        if "window" in line:
            self.windows.append(ParticipantWindow.model_validate(line["window"]))
        if "done" in line:
            self.done.add(line["done"])
        if "found" in line:
            self.found = [str(server) for server in line["found"]]
        if "receipt" in line:
            self.receipts.append(Receipt.model_validate(line["receipt"]))
        if "consumption" in line:
            self.consumption.append(Consumption.model_validate(line["consumption"]))
        if "finished" in line:
            self.outcome = Outcome(line["finished"])
            if "problem" in line:
                self.problem = Problem.model_validate(line["problem"])

    def left(self) -> set[str]:
        """Return the workloads that have running clients here."""
        if self.outcome is not None:
            return set()
        return {client.workload for client in self.plan.clients} - self.done

    def unknown(self) -> list[WorkloadTally]:
        """Return what a process that died was acknowledged, which cannot be read back."""
        if self.outcome is not Outcome.FAILED:
            return []
        wanted = {c.workload for c in self.plan.clients if c.publish and c.publish.read_back}
        done = {tally.workload: tally.messages for tally in self.tallies}
        return [
            WorkloadTally(
                workload=name,
                read_back=ReadBack(
                    acknowledged=done.get(name, 0),
                    unchecked=done.get(name, 0),
                    reasons=[ErrorClass.PROCESS_DIED],
                ),
            )
            for name in sorted(wanted)
        ]

    def _empty(self) -> list[WorkloadTally]:
        """Return the planned shares of a process that never reported."""
        if self.tallies:
            return []
        return [
            WorkloadTally(workload=client.workload, planned=client.messages)
            for client in self.plan.clients
        ]

    def _death(self, code: int) -> list[WorkloadTally]:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        error = ErrorTally(
            error_class=ErrorClass.PROCESS_DIED, count=1, example=f"a load process died: {how}"
        )
        names = list(dict.fromkeys(client.workload for client in self.plan.clients))
        return [WorkloadTally(workload=names[0], errors=[error])]


class LoadGroup:
    """All load processes of a job in this worker."""

    def __init__(self, plan: LoadPlan, children: list[_Child]) -> None:
        self._children = children
        self._skipped = [
            WorkloadTally(workload=client.workload, skipped=client.skipped)
            for client in plan.clients
            if client.skipped
        ]
        self._unknown: list[WorkloadTally] = []
        self._listening: list[asyncio.Task[None]] = []
        self._beating: asyncio.Task[None] | None = None
        self._windows: ProcessWindows | None = None

    @classmethod
    async def prepare(
        cls, plan: LoadPlan, *, processes: int, timeout_s: float, start: Spawn = spawn
    ) -> "LoadGroup":
        """Have `start` start the processes, and connect all clients but for those that are skipped.

        Raises:
            LoadProblem: a client cannot connect, or not in time; no process is left behind.
        """
        group = cls(plan, [])
        able = [client for client in plan.clients if not client.skipped]
        try:
            async with asyncio.timeout(timeout_s):
                for clients in _deal(able, processes):
                    part = plan.model_copy(update={"clients": clients})
                    group._children.append(_Child(await start(LOAD_PROCESS), part))
                await asyncio.gather(*(_connect(child) for child in group._children))
        except TimeoutError as error:
            await group._end()
            raise LoadProblem(
                START_TIMEOUT, f"the clients were not connected within {timeout_s:g} s"
            ) from error
        except BaseException:
            await group._end()
            raise
        group._listening = [asyncio.create_task(child.listen()) for child in group._children]
        return group

    @property
    def problem(self) -> Problem | None:
        """What made the load fail as a whole; None as long as nothing has."""
        if any(child.outcome is Outcome.FAILED for child in self._children):
            return Problem(reason="ProcessDied", message="a load process died")
        return next((child.problem for child in self._children if child.problem), None)

    def start(self, at_monotonic_ns: int, log_offset_ns: int) -> None:
        """Begin the load at this instant of CLOCK_MONOTONIC.

        Args:
            at_monotonic_ns: the common start.
            log_offset_ns: what must be added to CLOCK_MONOTONIC to have the log's time.
        """
        for child in self._children:
            child.send({"startNs": at_monotonic_ns, "logOffsetNs": log_offset_ns})
        self._beating = asyncio.create_task(self._beat(), name="beat")

    async def _beat(self) -> None:
        """Send heartbeats, for as long as one of the processes lives."""
        while any(child.process.returncode is None for child in self._children):
            await asyncio.sleep(BEAT_S)
            for child in self._children:
                child.send({"alive": True})

    def begin(self, workload: str, at_monotonic_ns: int) -> None:
        """Let a gated workload begin."""
        for child in self._children:
            child.send({"begin": workload, "atNs": at_monotonic_ns})

    def left(self) -> frozenset[str]:
        """Return the workloads that have running clients here."""
        return frozenset().union(*(child.left() for child in self._children))

    def tallies(self) -> list[WorkloadTally]:
        """Return the tallies so far, as the processes have reported."""
        done = [tally for child in self._children for tally in child.tallies]
        return merge([*self._skipped, *done, *self._unknown])

    def take_windows(self) -> list[ParticipantWindow]:
        """Return the windows of the seconds that are over in all processes, each once, in order."""
        if self._windows is None:
            self._windows = ProcessWindows(len(self._children))
        for number, child in enumerate(self._children):
            windows, child.windows = child.windows, []
            for window in windows:
                self._windows.add(number, window)
            if child.outcome is not None:
                self._windows.end(number)
        return self._windows.take()

    def cost(self) -> LoadCost | None:
        """Return the host cost so far, as the processes have reported."""
        return merge_costs(child.cost for child in self._children)

    async def wait(self) -> Outcome:
        """Return how it ended once all processes have."""
        if self._listening:
            await asyncio.wait(self._listening)
        self._unknown = [tally for child in self._children for tally in child.unknown()]
        return self._outcome()

    def receipts(self) -> list[Receipt]:
        """Return the receipts of each producer, as the processes have reported."""
        return [receipt for child in self._children for receipt in child.receipts]

    def consumption(self) -> list[Consumption]:
        """Return what was consumed of streams that delete it, as the processes have reported."""
        return [some for child in self._children for some in child.consumption]

    def found(self) -> list[str]:
        """Return the discovered servers of the target's cluster, as `host:port`."""
        return list(dict.fromkeys(server for child in self._children for server in child.found))

    def _outcome(self) -> Outcome:
        outcomes = {child.outcome for child in self._children}
        for worst in (Outcome.FAILED, Outcome.STOPPED):
            if worst in outcomes:
                return worst
        return Outcome.COMPLETED

    async def stop(self) -> None:
        """Stop the load; wait for what is in flight, for a bounded time."""
        for child in self._children:
            child.send({"stop": True})
        if self._listening:
            await asyncio.wait(self._listening, timeout=STOP_S)
        await self._end()

    def kill(self) -> None:
        """End the processes now."""
        if self._beating is not None:
            self._beating.cancel()
        for child in self._children:
            if child.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()

    async def _end(self) -> None:
        self.kill()
        await asyncio.gather(*(child.process.wait() for child in self._children))


def _deal(clients: list[ClientPlan], processes: int) -> list[list[ClientPlan]]:
    """Deal the clients out to processes in turn; no process is without a client."""
    hands = min(max(1, processes), len(clients))
    dealt = [clients[hand::hands] for hand in range(hands)]
    return [
        [client.model_copy(update={"siblings": len(hand)}) for client in hand] for hand in dealt
    ]


async def _connect(child: _Child) -> None:
    child.send(child.plan.model_dump(mode="json", exclude_none=True))
    line = await child.receive()
    if line is None:
        code = await child.process.wait()
        raise LoadProblem("ProcessDied", f"a load process ended with {code} before it connected")
    if "problem" in line:
        raise LoadProblem(line["problem"]["reason"], line["problem"]["message"])
