"""Runs of a history, built by hand: one each day."""

from datetime import UTC, datetime, timedelta
from typing import Any

from njst.contract.results.runs.history import HistoryRun
from tests.unit.comparison.runs import run

BEGIN = datetime(2026, 1, 1, 3, tzinfo=UTC)


def history_run(number: int, rate: int, p99: int = 1000, **changes: Any) -> HistoryRun:
    """The run of a day, whose job has the day's number."""
    numbers = dict(run(str(number), rate, p99))
    made: dict[str, Any] = {"name": f"nightly-{number}", "create_time": BEGIN + timedelta(number)}
    return HistoryRun(**{**numbers, **made, **changes})
