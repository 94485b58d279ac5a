"""A small load over one connection: set up, run, counted by the server, and removed."""

import asyncio
import secrets
import time
from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.kinds.publish import PublishPlan
from njst.contract.parsing.document import parse_spec
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan, LoadPlan
from njst.contract.results.outcome import Outcome, SetupError
from njst.contract.results.report import WorkloadResult
from njst.load.runtime.process_group import LoadGroup, LoadProblem
from njst.provisioning import provision, teardown
from njst.stats.tally_merge import totals

# Of a wait for what takes moments: only a failure takes so long, and a busy machine less.
LIMIT_S = 60.0
WORKER = "w"
MESSAGES = 200
# What a publisher has in flight at most.
WINDOW = 10


def spec(stream: str) -> dict[str, Any]:
    """A stream that is written and read."""
    common = {"stream": stream, "messages": MESSAGES}
    return {
        "streams": [{"name": stream}],
        "workloads": [
            {"name": "write", **common, "publish": {"mode": "Asynchronous", "payloadBytes": 64}},
            {"name": "read", **common, "consume": {"idleTimeoutSeconds": 60}},
        ],
    }


async def run(connection: Connection, document: dict[str, Any]) -> dict[str, WorkloadResult]:
    """Return the totals of each workload of a job that ran to its end and was removed."""
    done, problems = await run_and_remove(connection, document)
    assert problems == []
    return done


async def run_and_remove(
    connection: Connection, document: dict[str, Any]
) -> tuple[dict[str, WorkloadResult], list[str]]:
    """Return the totals of each workload, and what could not be removed."""
    job, parsed = secrets.token_hex(4), parse_spec(document)
    prepared = await provision.provision(job, parsed, connection, [WORKER], WORKER)
    plan = LoadPlan(job=job, connection=connection, clients=prepared.clients)
    group = await LoadGroup.prepare(plan, processes=1, timeout_s=LIMIT_S)
    try:
        now_ns = time.monotonic_ns()
        group.start(now_ns, time.time_ns() - now_ns)
        assert await group.wait() is Outcome.COMPLETED
        done = {t.workload: totals(t.workload, "", [t]) for t in group.tallies()}
    finally:
        await group.stop()
        problems = await teardown.teardown(job, parsed, connection)
    return done, problems


async def assert_it_runs(connection: Connection) -> None:
    """Write and read through it, without an error."""
    done = await run(connection, spec(f"S{secrets.token_hex(4)}"))
    assert {n: (r.messages, r.errors, r.reconnects) for n, r in done.items()} == {
        "write": (MESSAGES, [], 0),
        "read": (MESSAGES, [], 0),
    }


def publisher(messages: int | None = 1, *, ack_timeout_ms: int = 60_000) -> ClientPlan:
    return ClientPlan(
        workload="write",
        index=0,
        messages=messages,
        duration_ms=None if messages else 60_000,
        publish=PublishPlan(
            mode="Asynchronous",
            window=WINDOW,
            payload=PayloadPlan(bytes_min=8, bytes_max=8),
            subjects=["s.x"],
            ack_timeout_ms=ack_timeout_ms,
        ),
    )


async def refusals(connection: Connection) -> list[tuple[str, str]]:
    """Return reason and words of set-up and load, none of which may connect."""
    plan = LoadPlan(job="j", connection=connection, clients=[publisher()])
    with pytest.raises(LoadProblem) as load:
        await LoadGroup.prepare(plan, processes=1, timeout_s=LIMIT_S)
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(SetupError) as prepared:
            await provision.provision("j", parse_spec(spec("S")), connection, [WORKER], WORKER)
    return [
        (load.value.reason, load.value.message),
        (prepared.value.reason, prepared.value.message),
    ]
