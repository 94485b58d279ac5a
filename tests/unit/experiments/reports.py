"""Reports of trials, built by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from njst.contract.results.outcome import Outcome
from njst.contract.results.report import (
    Diagnosis,
    Latency,
    Report,
    SeriesResult,
    Verdict,
    WindowResult,
    WorkerResult,
    WorkloadResult,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def latency(p50: int, p99: int | None = None) -> Latency:
    """Percentiles in us."""
    top = 2 * p50 if p99 is None else p99
    return Latency(p50=p50, p90=p50, p99=top, p999=top, max=top)


def series(rows: Sequence[tuple[int, int]], width_s: int = 1) -> SeriesResult:
    """Windows of (messages, median latency in us)."""
    windows = [WindowResult(messages=n, latency_microseconds=latency(us)) for n, us in rows]
    return SeriesResult(window_seconds=width_s, windows=windows)


def workload(name: str, rate: int, **changes: Any) -> WorkloadResult:
    """A workload that did well at a rate, for 15 s with 5 s of warm-up."""
    given: dict[str, Any] = {
        "workload": name,
        "kind": "Publish",
        "start_ms": 0,
        "attempted": 15 * rate,
        "messages": 15 * rate,
        "warmup_messages": 5 * rate,
        "elapsed_us": 10_000_000,
        "messages_per_second": rate,
        "latency_microseconds": latency(500),
        "series": series(15 * [(rate, 500)]),
    }
    return WorkloadResult(**(given | changes))


def report(*workloads: WorkloadResult, **changes: Any) -> Report:
    """A report of two workers that is valid."""
    given: dict[str, Any] = {
        "verdict": Verdict.VALID,
        "reason": "Completed",
        "create_time": NOW,
        "completion_time": NOW,
        "workers": [WorkerResult(worker=w, outcome=Outcome.COMPLETED) for w in "ab"],
        "workloads": list(workloads),
        "tester": Diagnosis(limited=False, reason="HasReserve"),
    }
    return Report(**(given | changes))
