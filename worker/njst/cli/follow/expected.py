"""What the spec of a job lets expect while it runs: offered rates, and how long it takes. Pure."""

import json
from typing import Any

from pydantic import ValidationError

from njst.cli.follow.history import History
from njst.contract.results.report import WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.stats.offered_load import Instants, pieces_of

_NS = 1_000_000_000


def spec_of(document: dict[str, Any]) -> JobSpec | None:
    """Return the spec in a job's document; None: a newer njst wrote it."""
    try:
        return JobSpec.model_validate_json(json.dumps(document.get("spec")))
    except ValidationError:
        return None


def offered_per_second(workload: Workload, into_s: float) -> int | None:
    """Return how many messages were due in the second before `into_s` after the workload's start.

    None: it has no offered rate.
    """
    pieces = pieces_of(workload)
    if not pieces:
        return None
    if workload.length_seconds is not None and into_s > workload.length_seconds:
        return 0
    instants, end_ns = Instants(pieces), int(into_s * _NS)
    return instants.due_count(max(0, end_ns)) - instants.due_count(end_ns - _NS)


def remaining_s(
    spec: JobSpec, results: list[WorkloadResult], elapsed_s: float, history: History
) -> float | None:
    """Return how long the load still takes, at the rates of now; None: that cannot be told."""
    by_name = {result.workload: result for result in results}
    longest = 0.0
    for workload in spec.workloads:
        result = by_name.get(workload.name)
        if result is None or result.start_ms is None:
            return None
        left_s = _left_s(workload, result, elapsed_s - result.start_ms / 1000, history)
        if left_s is None:
            return None
        longest = max(longest, left_s)
    return longest


def _left_s(
    workload: Workload, result: WorkloadResult, into_s: float, history: History
) -> float | None:
    if workload.length_seconds is not None:
        return max(0.0, workload.length_seconds - into_s)
    left = (workload.messages or 0) - result.messages
    if left <= 0:
        return 0.0
    latest = history.latest(workload.name)
    rate = latest.messages_per_second if latest else 0
    return left / rate if rate else None
