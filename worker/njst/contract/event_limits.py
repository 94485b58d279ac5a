"""Makes an event fit into a message by leaving out details.

A job must be able to end whatever it measured, so totals and verdict are never left out.
"""

from typing import Any

from njst.contract.events import Finished, Payload, SliceRead
from njst.contract.results.course import without_window_histograms
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.readback import TOO_MANY_HOLES, SliceResult
from njst.contract.results.report import Report

# Half of nats-server's default max_payload.
REPORT_BYTES = 512 * 1024
SHOWN_WORKERS = 100
# A whole report in the object store, before it is compressed; the store keeps 64 MiB of them.
STORED_BYTES = 2 * 1024 * 1024
# Series in a participant's finished event; the rest of the message is for totals.
SERIES_BYTES = 512 * 1024
# Series of all participants together: the log has room for many jobs.
ALL_SERIES_BYTES = 32 * 1024 * 1024
# Receipts of one participant, and of all participants together.
RECEIPTS_BYTES = 256 * 1024
ALL_RECEIPTS_BYTES = 16 * 1024 * 1024
# Result of one slice.
SIGHT_BYTES = 512 * 1024

_NO_WINDOWS: dict[str, Any] = {"course": None, "events": [], "events_omitted": 0}


def series_bytes(participants: int) -> int:
    """Return the maximum size of each participant's series in bytes."""
    return min(SERIES_BYTES, ALL_SERIES_BYTES // participants)


def receipts_bytes(participants: int, event_bytes: int) -> int:
    """Return the maximum size of each participant's receipts in bytes."""
    return min(RECEIPTS_BYTES, ALL_RECEIPTS_BYTES // participants, event_bytes // 4)


def sight_bytes(event_bytes: int) -> int:
    """Return the maximum size of a slice's result in bytes."""
    return min(SIGHT_BYTES, event_bytes // 2)


def fit(report: Report, limit_bytes: int = REPORT_BYTES) -> Report:
    """Return the report with as many details as fit into `limit_bytes`."""
    for leave_out in (
        _without_windows,
        _without_parts,
        _without_course,
        _without_histograms,
        _first_workers,
    ):
        if len(report.to_json()) <= limit_bytes:
            break
        report = leave_out(report)
    return report


def bounded(report: Report) -> Report:
    """Return a whole report of at most STORED_BYTES: without histograms of windows if need be."""
    if report.course is None or len(report.to_json()) <= STORED_BYTES:
        return report
    what = "histograms of the windows"
    omitted = f"{report.course.omitted}; {what}" if report.course.omitted else what
    course = without_window_histograms(report.course)
    course = course.model_copy(update={"omitted": omitted})
    return report.model_copy(update={"course": course})


def smaller(payload: Payload) -> Payload:
    """Return an event that is too large without its largest part.

    Raises:
        ValueError: it has no part that may be left out.
    """
    if isinstance(payload, SliceRead) and payload.sight is not None and payload.sight.found:
        return payload.model_copy(update={"sight": SliceResult(problem=TOO_MANY_HOLES)})
    if not isinstance(payload, Finished) or not payload.workloads:
        raise ValueError(f"nothing can be left out of {type(payload).__name__}")
    if any(tally.series is not None for tally in payload.workloads):
        return _strip(payload, {"series": None})
    if payload.receipts or payload.consumed:
        # The tallies then count these messages as not read.
        return payload.model_copy(update={"receipts": [], "consumed": []})
    if any(tally.latency or tally.service or tally.slip for tally in payload.workloads):
        return _strip(payload, {"latency": "", "censored": "", "service": "", "slip": ""})
    problem = Problem(
        reason="ResultTooLarge", message="its result exceeds the maximum size of a message"
    )
    nothing: dict[str, Any] = {"outcome": Outcome.FAILED, "problem": problem, "workloads": []}
    return payload.model_copy(update=nothing)


def _strip(finished: Finished, nothing: dict[str, Any]) -> Finished:
    tallies = [tally.model_copy(update=nothing) for tally in finished.workloads]
    return finished.model_copy(update={"workloads": tallies})


def _note(report: Report, what: str, update: dict[str, Any]) -> Report:
    omitted = f"{report.omitted}, {what}" if report.omitted else what
    return report.model_copy(update={**update, "omitted": omitted})


def without_windows(report: Report) -> Report:
    """Return a report without its windows and events, which the stored report has."""
    return report.model_copy(update=_NO_WINDOWS)


def _without_windows(report: Report) -> Report:
    if report.course is None and not report.events:
        return report
    return _note(report, "the windows and the events", _NO_WINDOWS)


def _without_parts(report: Report) -> Report:
    workers = [worker.model_copy(update={"workloads": []}) for worker in report.workers]
    return _note(report, "what each worker did", {"workers": workers})


def _without_course(report: Report) -> Report:
    workloads = [total.model_copy(update={"series": None}) for total in report.workloads]
    return _note(report, "the course of the workloads", {"workloads": workloads})


def _without_histograms(report: Report) -> Report:
    workloads = [
        total.model_copy(update={"latency": "", "censored": ""}) for total in report.workloads
    ]
    return _note(report, "histograms", {"workloads": workloads})


def _first_workers(report: Report) -> Report:
    """Keep workers that did not complete first."""
    workers = sorted(report.workers, key=lambda worker: worker.outcome is Outcome.COMPLETED)
    workers = workers[:SHOWN_WORKERS]
    return _note(report, f"all but {len(workers)} workers", {"workers": workers})
