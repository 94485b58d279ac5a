"""The operations on jobs: the same for the HTTP API, the CLI and the operator."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from njst.contract.events import EVENT_NAMES, Cancelled, Created, Deleted, Origin, Payload
from njst.contract.names.mesh import EventName
from njst.contract.results.comparison import PinnedBaseline
from njst.contract.results.report import Report
from njst.contract.spec.job import JobSpec
from njst.journal.baselines import pinned
from njst.journal.interfaces import (
    JournalUnavailableError,
    Log,
    Member,
    Members,
    Stores,
)
from njst.journal.report_builder import log_datetime, report_so_far
from njst.journal.state.job_store import JobStore, ProgressEntry
from njst.journal.state.job_view import JobView
from njst.journal.state.rendezvous import order
from njst.journal.wait_for_job import wait_for_job

# How long an appended event may take to come back through the log before that counts as an outage.
ECHO_TIMEOUT_S = 5.0
# How often a job that waits for workers looks for them.
POLL_S = 1.0
# How long a job for all workers waits for the expected number before it runs on fewer.
EXPECT_MS = 60_000
# It waits only while the youngest worker is younger than this: later no more workers will come.
YOUNG_S = 120
# Running jobs whose report so far is cached, the latest changed ones.
CACHED_REPORTS = 32


class NotEnoughWorkersError(Exception):
    """Fewer workers are connected than the job needs; the job was not created."""


class QueueTimeoutError(NotEnoughWorkersError):
    """There were too few workers for as long as the job may wait; the job was not created."""


class UnknownJobError(LookupError):
    """There is no job with this id."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job!r}")


@dataclass(frozen=True)
class Submission:
    """A job to create; a second submission of the same `id` is the same job."""

    id: str
    spec: JobSpec
    origin: Origin
    digest: str = ""
    settings: str = ""
    # What its thresholds need of baselines; None: it is looked up.
    baselines: list[PinnedBaseline] | None = None
    # For how long it has waited for workers already; None: it does not wait for more of them.
    waited_ms: int | None = None


@dataclass(frozen=True)
class Submitted:
    """The job as it stands in the log; `new` is False if it was there already."""

    view: JobView
    new: bool


def new_job_id(now_ms: int) -> str:
    """Return an id that sorts by time: 9 base-36 digits of the time, 6 random ones."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    stamp = ""
    while now_ms:
        now_ms, rest = divmod(now_ms, 36)
        stamp = digits[rest] + stamp
    return stamp.rjust(9, "0") + "-" + "".join(secrets.choice(digits) for _ in range(6))


@dataclass(frozen=True)
class _CachedReport:
    """The cached report of a running job, and what it was built from."""

    view: JobView
    heard_ns: dict[str, int]
    report: Report


class Jobs:
    """The jobs of a mesh: submit, get, report, cancel, delete."""

    def __init__(
        self,
        log: Log,
        job_store: JobStore,
        members: Members,
        stores: Stores | None = None,
        *,
        expect: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bind the operations to a mesh.

        Args:
            log: the job log.
            job_store: the views of all jobs in the log.
            members: the workers that are connected.
            stores: what the mesh keeps beside its log; None: nothing.
            expect: how many workers the mesh should have, for jobs for all of them; 0: unknown.
            now: wall-clock time, compared with the start times of workers.
        """
        self._log = log
        self._job_store = job_store
        self._members = members
        self._stores = stores or Stores()
        self._expect = expect
        self._now = now
        self._cached_reports: dict[str, _CachedReport] = {}

    def all(self) -> list[JobView]:
        """Return all jobs in the order in which they were created."""
        return self._job_store.jobs()

    def get(self, job: str) -> JobView:
        """Return a job.

        Raises:
            UnknownJobError: there is none with this id.
        """
        view = self._job_store.get(job)
        if view is None:
            raise UnknownJobError(job)
        return view

    def report(self, view: JobView, now_ns: int) -> Report:
        """Return the final report of an ended job, or the report so far."""
        if view.ended is not None:
            self._cached_reports.pop(view.id, None)
            return _with_left_behind(view, view.ended.report)
        progress = self._job_store.progress(view.id)
        heard_ns = {worker: seen.time_ns for worker, seen in progress.items()}
        cached = self._cached_reports.get(view.id)
        if cached is None or cached.view is not view or cached.heard_ns != heard_ns:
            cached = _CachedReport(view, heard_ns, report_so_far(view, progress, now_ns))
            self._cache(cached)
        return cached.report.model_copy(update={"completion_time": log_datetime(now_ns)})

    def progress(self, view: JobView) -> dict[str, ProgressEntry]:
        """Return the last progress of each participant of a job that is not closed."""
        return self._job_store.progress(view.id)

    def _cache(self, new: _CachedReport) -> None:
        """Cache a report until the job changes: merging histograms takes time."""
        self._cached_reports.pop(new.view.id, None)
        self._cached_reports[new.view.id] = new
        while len(self._cached_reports) > CACHED_REPORTS:
            del self._cached_reports[next(iter(self._cached_reports))]

    async def whole_report(self, view: JobView) -> Report:
        """Return an ended job's report with all details; if they are lost, it says why."""
        assert view.ended is not None
        report = view.ended.report
        try:
            return await self.stored_report(view)
        except JournalUnavailableError as error:
            left_out = report.omitted or "the windows and the events"
            words = f"{left_out}; the whole cannot be had: {error}"
            return _with_left_behind(view, report.model_copy(update={"omitted": words}))

    async def stored_report(self, view: JobView) -> Report:
        """Return an ended job's report with all details.

        Raises:
            JournalUnavailableError: they are gone, or cannot be read now.
        """
        assert view.ended is not None
        report, stored = view.ended.report, view.ended.stored
        if stored is not None and self._stores.reports is not None:
            report = await self._stores.reports.get(stored)
        return _with_left_behind(view, report)

    async def is_forgotten(self, job: str) -> bool:
        """Whether the log itself has no such job; what this process has read may lag behind it.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        return not await self._log.holds(EventName(job, "created"))

    async def submit(self, submission: Submission) -> Submitted:
        """Create a job for the workers that are connected now, unless its id exists.

        Raises:
            InvalidDocumentError: a threshold is relative to a baseline that is missing, or does not
                suit; nothing was created.
            NotEnoughWorkersError: nothing was created.
            JournalUnavailableError: it is not known whether the job was created; submitting the
                same id again is safe.
        """
        known = self._job_store.get(submission.id)
        if known is not None:
            return Submitted(known, new=False)
        baselines = submission.baselines
        if baselines is None:
            baselines = await self.check(submission.spec)
        chosen = await self._participants(submission)
        created = Created(
            spec=submission.spec,
            participants=[member.worker for member in chosen],
            zones=Counter(member.zone for member in chosen if member.zone),
            origin=submission.origin,
            digest=submission.digest,
            settings=submission.settings,
            expected=self._expected(submission.spec),
            waited_ms=submission.waited_ms or 0,
            baselines=baselines,
        )
        appended = await self._append(submission.id, created)
        view = await self._echo(submission.id, lambda _: True)
        return Submitted(view, new=appended)

    async def check(self, spec: JobSpec) -> list[PinnedBaseline] | None:
        """Return what the thresholds of a spec need of baselines; None: they need nothing.

        Raises:
            InvalidDocumentError: as `submit`.
            JournalUnavailableError: the baselines cannot be read now.
        """
        return await pinned(self._stores.baselines, [spec])

    async def submit_and_wait(
        self, submission: Submission, is_gone: Callable[[], Awaitable[bool]]
    ) -> Submitted:
        """Create a job as soon as there are enough workers; `is_gone`: the client has left.

        Raises:
            InvalidDocumentError: as `submit`.
            QueueTimeoutError: there were too few for the spec's queueTimeoutSeconds.
            NotEnoughWorkersError: there are too few, and the client has left.
            JournalUnavailableError: as `submit`.
        """
        begin_s = asyncio.get_running_loop().time()
        limit_s = submission.spec.queue_timeout_seconds
        while True:
            waited_s = asyncio.get_running_loop().time() - begin_s
            try:
                return await self.submit(replace(submission, waited_ms=int(waited_s * 1000)))
            except NotEnoughWorkersError as error:
                if await is_gone():
                    raise
                if waited_s >= limit_s:
                    words = f"it did not get its workers within {limit_s} s: {error}"
                    raise QueueTimeoutError(words) from error
            await asyncio.sleep(min(POLL_S, max(0.0, limit_s - waited_s)))

    async def cancel(self, job: str, reason: str, message: str = "") -> JobView:
        """Cancel a job; a job that is cancelled or over stays as it is.

        Raises:
            UnknownJobError: there is no such job.
            JournalUnavailableError: repeat it later.
        """
        view = self.get(job)
        if view.cancelled is not None or view.ended is not None:
            return view
        await self._append(job, Cancelled(reason=reason, message=message))
        return await self._echo(job, lambda v: bool(v.cancelled or v.ended))

    async def delete(self, job: str) -> None:
        """Cancel a job if it still runs, and hide it. What it made on its target is removed.

        Raises:
            UnknownJobError: there is no such job.
            JournalUnavailableError: repeat it later.
        """
        await self.cancel(job, "Requested", "the job was deleted")
        await self._append(job, Deleted())

    def waits_for(self, job: str) -> list[str]:
        """Return the jobs that a job waits for, in order; none once it has its workers."""
        return self._job_store.waits_for(job)

    def _expected(self, spec: JobSpec) -> int:
        """Return how many workers a job for all of them should have; 0 if that is unknown."""
        return 0 if spec.workers or spec.worker_selector else self._expect

    async def _participants(self, submission: Submission) -> list[Member]:
        spec = submission.spec
        labels = spec.worker_selector.match_labels if spec.worker_selector else {}
        members = {
            member.worker: member
            for member in await self._members.present()
            if labels.items() <= member.all_labels.items()
        }
        wanted = spec.workers
        if len(members) < max(wanted, 1):
            wants = f"spec.workers asks for {wanted} workers" if wanted else "a job needs a worker"
            found = f"{len(members)} are connected"
            if labels:
                found += f" that have {', '.join(f'{k}={v}' for k, v in sorted(labels.items()))}"
            raise NotEnoughWorkersError(f"{wants}, {found}")
        self._wait_for_all(submission, members.values())
        turns = order(submission.id, members)[: wanted or len(members)]
        return [members[worker] for worker in sorted(turns)]

    def _wait_for_all(self, submission: Submission, members: Collection[Member]) -> None:
        """Raise NotEnoughWorkersError while the mesh is young and more workers may come."""
        expected, waited_ms = self._expected(submission.spec), submission.waited_ms
        if waited_ms is None or len(members) >= expected:
            return
        # At most half of its queue time-out: it had better run on fewer workers than not at all.
        limit_ms = min(EXPECT_MS, submission.spec.queue_timeout_seconds * 1000 // 2)
        youngest = max(member.started_at for member in members)
        if waited_ms < limit_ms and self._now() - youngest < timedelta(seconds=YOUNG_S):
            words = f"{len(members)} of {expected} workers that are wanted here are connected"
            raise NotEnoughWorkersError(f"{words}; the others have {limit_ms / 1000:g} s to come")

    async def _append(self, job: str, payload: Payload) -> bool:
        appended = await self._log.append(EventName(job, EVENT_NAMES[type(payload)]), payload)
        return appended.stored

    async def _echo(self, job: str, reached: Callable[[JobView], bool]) -> JobView:
        """Wait until an appended event has come back through the log."""
        try:
            async with asyncio.timeout(ECHO_TIMEOUT_S):
                return await wait_for_job(self._job_store, job, reached)
        except TimeoutError as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error


def _with_left_behind(view: JobView, report: Report) -> Report:
    """Return a final report with what the clean-up, which follows it, could not remove."""
    if view.cleaned is None or not view.cleaned.problems:
        return report
    return report.model_copy(update={"left_behind": view.cleaned.problems})
