"""Waiting for a job: no change is missed meanwhile."""

import asyncio

from njst.contract.events import Cancelled, Created, Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.journal.state.job_store import JobStore
from njst.journal.state.projection import LogEntry
from njst.journal.wait_for_job import wait_for_job

CREATED = Created(
    spec=parse_spec(
        {
            "streams": [{"name": "S"}],
            "workloads": [{"name": "w", "stream": "S", "messages": 1, "publish": {}}],
        }
    ),
    participants=["w-1"],
    origin=Origin(kind=OriginKind.HTTP),
)
CANCELLED = Cancelled(reason="Requested")


async def test_wait_for_job__unknown_job__returns_once_it_is_created() -> None:
    job_store = JobStore()
    waiting = asyncio.create_task(wait_for_job(job_store, "j", lambda _: True))
    await asyncio.sleep(0)
    job_store.on_entry(LogEntry(1, 1, "other", "", CREATED))
    job_store.on_entry(LogEntry(2, 2, "j", "", CREATED))
    assert (await waiting).id == "j"


async def test_wait_for_job__change_before_the_waiter_runs__is_not_missed() -> None:
    job_store = JobStore()
    job_store.on_entry(LogEntry(1, 1, "j", "", CREATED))
    waiting = asyncio.create_task(wait_for_job(job_store, "j", lambda view: bool(view.cancelled)))
    await asyncio.sleep(0)
    assert not waiting.done()
    job_store.on_entry(LogEntry(2, 2, "j", "", CANCELLED))
    assert (await waiting).cancelled == CANCELLED
