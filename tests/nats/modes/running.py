"""Runs a spec's whole load with the worker's own parts, without a mesh around it."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.preparation import Preparation
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.contract.spec.job import JobSpec
from njst.load.runtime.process_group import LoadGroup
from njst.provisioning import provision, teardown
from njst.stats.tally_merge import totals
from tests.nats.modes.phases import begin_in_turn

WORKER = "w"
# Nobody stores what a core subscriber misses: the server is to know of it before the first message.
LEAD_NS = 1_000_000_000


Look = Callable[[Client], Awaitable[None]]
Results = dict[str, WorkloadResult]


@dataclass
class Runner:
    """Sets up, loads, and removes what the job made, like workers do."""

    url: str
    processes: int = 2
    payloads: Path | None = None
    # What the last preparation found out.
    preparation: Preparation | None = None

    async def run(
        self, document: dict[str, Any], job: str = "", look: Look | None = None
    ) -> Results:
        """Return the totals of each workload of a job that ran to its end.

        Args:
            document: the spec.
            job: its id; by default a new one.
            look: called when the load is over, while all that the job made is still there.
        """
        (results,) = await self.run_each(document, [WORKER], job, look)
        return results

    async def run_each(
        self,
        document: dict[str, Any],
        workers: Sequence[str],
        job: str = "",
        look: Look | None = None,
    ) -> list[Results]:
        """Return what each of several workers did of a job; the same start for all."""
        job = job or secrets.token_hex(4)
        try:
            results = await self._load(document, job, workers)
            if look is not None:
                await self.ask(look)
            return results
        finally:
            assert await self.remove(document, job) == []

    async def load(self, document: dict[str, Any], job: str) -> Results:
        """Set up and load; what the job made is still there."""
        (results,) = await self._load(document, job, [WORKER])
        return results

    async def remove(self, document: dict[str, Any], job: str) -> list[str]:
        """Remove what the job made; return what could not be removed."""
        return await teardown.teardown(job, parse_spec(document), Connection(servers=[self.url]))

    async def _load(
        self, document: dict[str, Any], job: str, workers: Sequence[str]
    ) -> list[Results]:
        spec, connection = parse_spec(document), Connection(servers=[self.url])
        groups: list[LoadGroup] = []
        try:
            for worker in workers:
                prepared = await provision.provision(
                    job, spec, connection, workers, worker, provision.WorkerFiles(self.payloads)
                )
                self.preparation = prepared.preparation
                plan = LoadPlan(job=job, connection=connection, clients=prepared.clients)
                group = await LoadGroup.prepare(plan, processes=self.processes, timeout_s=90)
                groups.append(group)
            start_ns = time.monotonic_ns() + (LEAD_NS if is_core(spec) else 0)
            for group in groups:
                group.start(start_ns, time.time_ns() - time.monotonic_ns())
            await begin_in_turn(spec, groups)
            assert [await group.wait() for group in groups] == [Outcome.COMPLETED] * len(groups)
            return [_totals(group) for group in groups]
        finally:
            for group in groups:
                await group.stop()

    async def ask(self, look: Look) -> None:
        """Call `look` with a client of the server."""
        client = Client()
        await client.connect(self.url)
        try:
            await look(client)
        finally:
            await client.close()

    async def stored(self, stream: str) -> int:
        """Return how many messages a stream has."""
        client = Client()
        await client.connect(self.url)
        try:
            info = await client.jetstream().stream_info(stream)
            return info.state.messages
        finally:
            await client.close()


def is_core(spec: JobSpec) -> bool:
    return any(workload.core or workload.service for workload in spec.workloads)


def _totals(group: LoadGroup) -> Results:
    return {t.workload: totals(t.workload, "", [t]) for t in group.tallies()}


def adjusted(runner: Runner) -> dict[str, str]:
    """Return the defaults that the last preparation lowered, by field."""
    assert runner.preparation is not None
    return {found.field: found.value for found in runner.preparation.adjusted}


def errors(result: WorkloadResult) -> dict[ErrorClass, int]:
    """Return the errors of a workload by class."""
    return {error.error_class: error.count for error in result.errors}
