"""A log line has time, level, mesh, job, resource and message, as text and as JSON."""

import asyncio
import json
import logging

from njst.contract.events import Origin, OriginKind
from njst.journal.log_lines import LineFormatter, LogFormat, log_about
from tests.loglines import LogLine, parsed

TEXT = LineFormatter("m")
ORDERS = Origin(kind=OriginKind.RESOURCE, namespace="team-a", name="orders")


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    exception = (type(error), error, None) if error else None
    made = logging.LogRecord("njst", logging.WARNING, "", 1, message, (), exception)
    made.created = 1_767_323_045.678
    return made


def test_log_line__record__has_time_level_mesh_and_message() -> None:
    (line,) = parsed(TEXT.format(record("no room")))
    assert line == LogLine("2026-01-02T03:04:05.678Z", "WARNING", "m", "-", "-", "no room")


def test_log_line__exception__follows_in_text_and_is_a_field_in_json() -> None:
    broken = record("broken", ValueError("why"))
    assert TEXT.format(broken).splitlines()[1:] == ["ValueError: why"]
    fields = json.loads(LineFormatter("m", LogFormat.JSON).format(broken))
    assert fields == {
        "time": "2026-01-02T03:04:05.678Z",
        "level": "WARNING",
        "mesh": "m",
        "job": "-",
        "resource": "-",
        "message": "broken",
        "exception": "ValueError: why",
    }


def test_log_line__json_of_several_lines__is_one_line() -> None:
    line = LineFormatter("m", LogFormat.JSON).format(record("two\nlines \u00fc"))
    assert line.count("\n") == 0
    assert json.loads(line)["message"] == "two\nlines \u00fc"


async def test_log_about__new_task__is_inherited() -> None:
    async def say() -> tuple[str, str]:
        await asyncio.sleep(0)
        line = parsed(TEXT.format(record("x")))[0]
        return line.job, line.resource

    async def work(job: str, origin: Origin) -> tuple[str, str]:
        log_about(job, origin)
        return await asyncio.create_task(say())

    posted = Origin(kind=OriginKind.HTTP)
    found = await asyncio.gather(work("a", ORDERS), work("b", posted), say())
    assert found == [("a", "team-a/orders"), ("b", "-"), ("-", "-")]
