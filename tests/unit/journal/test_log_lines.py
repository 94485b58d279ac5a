"""A log line has time, level, job and message."""

import asyncio
import logging

from njst.journal.log_lines import LineFormatter, current_job
from tests.loglines import LogLine, parsed


def record(message: str) -> logging.LogRecord:
    made = logging.LogRecord("njst", logging.WARNING, "", 1, message, (), None)
    made.created, made.msecs = 1_767_323_045.678, 678.0
    return made


def test_log_line__record__has_time_level_job_and_message() -> None:
    (line,) = parsed(LineFormatter().format(record("no room")))
    assert line == LogLine("2026-01-02T03:04:05.678Z", "WARNING", "-", "no room")


async def test_current_job__new_task__is_inherited() -> None:
    async def say() -> str:
        await asyncio.sleep(0)
        return parsed(LineFormatter().format(record("x")))[0].job

    async def work(job: str) -> str:
        current_job.set(job)
        return await asyncio.create_task(say())

    assert await asyncio.gather(work("a"), work("b"), say()) == ["a", "b", "-"]
