"""A group and its load processes: what it says to one that has died, and what they report."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from typing import cast

import pytest

from njst.contract.connection import Connection
from njst.contract.plan import LoadPlan
from njst.load.runtime.process_group import LoadGroup, _Child

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


def child_of_nothing() -> _Child:
    plan = LoadPlan(job="j", connection=Connection(servers=["nats://127.0.0.1:1"]), clients=[])
    return _Child(cast("Process", None), plan)


def window_line(at_s: int) -> dict[str, object]:
    return {"window": {"atS": at_s, "workloads": [{"workload": "w", "messages": 2}]}}


def test_windows_of_all_processes_are_taken_together_and_once() -> None:
    plan = LoadPlan(job="j", connection=Connection(servers=["nats://127.0.0.1:1"]), clients=[])
    one, other = child_of_nothing(), child_of_nothing()
    group = LoadGroup(plan, [one, other])
    for at_s in range(2):
        one.take(window_line(at_s))
    assert group.take_windows() == []
    other.take(window_line(0))
    (window,) = group.take_windows()
    assert (window.at_s, window.workloads[0].messages) == (0, 4)
    other.take({"finished": "Completed"})
    one.take(window_line(2))
    one.take({"finished": "Completed"})
    assert [(w.at_s, w.workloads[0].messages) for w in group.take_windows()] == [(1, 2), (2, 2)]
    assert group.take_windows() == []
