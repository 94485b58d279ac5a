"""What a group says to a load process that has died: nothing, and nobody is warned of it."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE

import pytest

from njst.contract.connection import Connection
from njst.contract.plan import LoadPlan
from njst.load.runtime.process_group import _Child

BEATS = 20


async def test_beats_for_a_dead_process_leave_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "", stdin=PIPE, stdout=PIPE
    )
    plan = LoadPlan(job="j", connection=Connection(servers=["nats://127.0.0.1:1"]), clients=[])
    child = _Child(process, plan)
    await process.wait()
    with caplog.at_level(logging.DEBUG, "asyncio"):
        for _ in range(BEATS):
            child.send({"alive": True})
            await asyncio.sleep(0)
    assert [r.message for r in caplog.records if "pipe" in r.message] == []
