"""The JSON document of a job, built from its view and its measurements so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from njst.contract.events import Origin
from njst.contract.model import Message
from njst.contract.parsing.hints import hints
from njst.contract.results.outcome import Problem
from njst.contract.results.preparation import Adjustment, Environment
from njst.contract.results.report import Diagnosis, Report, ThresholdResult, Verdict, WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.journal.jobs import Jobs
from njst.journal.report_builder import log_datetime
from njst.journal.state.append_failures import REASONS
from njst.journal.state.job_view import JobView
from njst.journal.state.state_text import StateText, state_text
from njst.journal.state.worker_counts import WorkerCounts, worker_counts


class JobDocument(Message):
    """A job. `workloads` has the measurements so far, with histograms only on request."""

    id: str
    name: str
    origin: Origin
    phase: str
    reason: str
    message: str
    participants: list[str]
    zones: dict[str, int] = Field(default_factory=dict)
    # IDs of the jobs ahead in the queue, running ones first; their number is the queue position.
    waits_for: list[str] = Field(default_factory=list)
    workers: WorkerCounts
    create_time: AwareDatetime
    start_time: AwareDatetime | None = None
    completion_time: AwareDatetime | None = None
    verdict: Verdict | None = None
    workloads: list[WorkloadResult] = Field(default_factory=list)
    thresholds: list[ThresholdResult] = Field(default_factory=list)
    tester: Diagnosis | None = None
    # Defaults of the spec in whose place a smaller value was taken.
    adjusted: list[Adjustment] = Field(default_factory=list)
    # What the spec may not mean as its author meant it.
    hints: list[str] = Field(default_factory=list)
    # Versions, servers, account and user, and where the streams are.
    environment: Environment | None = None
    # What the clean-up could not remove from the target, and why.
    left_behind: list[str] = Field(default_factory=list)
    # Whether the clean-up is over, which follows the end: `left_behind` is final then.
    cleaned: bool = False
    spec: JobSpec


class JobList(Message):
    """A page of jobs, newest first; `next` is the cursor of the following page."""

    items: list[JobDocument]
    next: str | None = None


class JobDryRun(Message):
    """What a job would be: its spec with all defaults. Nothing was created."""

    dry_run: Literal[True] = True
    hints: list[str]
    spec: JobSpec


def document_of(
    view: JobView,
    report: Report,
    waits_for: Sequence[str] = (),
    *,
    histograms: bool = False,
    trouble: Problem | None = None,
) -> JobDocument:
    """Return the document of a job.

    `trouble` is why this worker cannot follow the job log at the moment: its data may be stale.
    """
    ended = view.ended is not None
    # A job keeps its place in the queue until it is cleaned up, but no longer waits once it ended.
    ahead = [] if ended or view.cancelled is not None else list(waits_for)
    state = state_text(view, ahead)
    if trouble is not None:
        words = f"{trouble.message}; workers still end their load at the deadline of the job"
        state = StateText(trouble.reason, words)
    return JobDocument(
        id=view.id,
        name=view.created.origin.name,
        origin=view.created.origin,
        phase=str(view.phase),
        reason=report.reason if ended else state.reason,
        message=report.message if ended else state.message,
        participants=sorted(view.parts),
        zones=view.created.zones,
        waits_for=ahead,
        workers=worker_counts(view),
        create_time=report.create_time,
        start_time=log_datetime(view.start_ns) if view.run else None,
        completion_time=report.completion_time if ended else None,
        verdict=report.verdict if ended else None,
        workloads=report.workloads if histograms else _plain(report.workloads),
        thresholds=report.thresholds,
        tester=report.tester,
        adjusted=report.adjusted,
        hints=hints(view.created.spec),
        environment=report.environment,
        left_behind=report.left_behind,
        cleaned=view.closed,
        spec=view.created.spec,
    )


@dataclass(frozen=True)
class JobPresenter:
    """Makes the document of a job as this worker knows it now."""

    jobs: Jobs
    now_ns: Callable[[], int]
    ready: Callable[[], Problem | None]

    def show(self, view: JobView, *, histograms: bool = False) -> dict[str, Any]:
        """Return the document of a job, with its measurements so far."""
        report = self.jobs.report(view, self.now_ns())
        waits_for = self.jobs.waits_for(view.id)
        document = document_of(
            view, report, waits_for, histograms=histograms, trouble=self.trouble()
        )
        return dump(document)

    def trouble(self) -> Problem | None:
        """Return why this worker cannot follow the job log at the moment; None if it can."""
        problem = self.ready()
        return problem if problem is not None and problem.reason in REASONS else None


def dump(document: Message) -> dict[str, Any]:
    """Return a document as JSON-serializable data without nulls."""
    return document.model_dump(mode="json", exclude_none=True)


def _plain(workloads: list[WorkloadResult]) -> list[WorkloadResult]:
    return [workload.model_copy(update={"latency": "", "censored": ""}) for workload in workloads]
