"""What anyone may do with jobs: the operations behind the HTTP API, the CLI and the operator."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from njst.contract.events import EVENT_NAMES, Cancelled, Created, Deleted, Origin, Payload
from njst.contract.names.mesh import EventName
from njst.contract.results.report import Report
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import JournalUnavailableError, Log, Member, Members, Reports
from njst.journal.report_builder import log_datetime, report_so_far
from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView
from njst.journal.state.rendezvous import order
from njst.journal.wait_for_job import wait_for_job

# How long an own event may take to come back; then the connection is broken.
ECHO_TIMEOUT_S = 5.0
# How often one that waits for workers asks who is there.
LOOK_AGAIN_S = 1.0
# How long a job that wants all workers waits for those that are expected; then it takes the others.
EXPECT_MS = 60_000
# ... and only while a worker has come so lately: later, those that lack are not on their way.
YOUNG_S = 120
# Of so many jobs that run, the last that changed, the report so far is kept for who looks next.
KEPT_SO_FAR = 32


class NotEnoughWorkersError(Exception):
    """Fewer workers are connected than the job needs; it was not created."""


class QueueTimeoutError(NotEnoughWorkersError):
    """There were too few workers for as long as the job may wait; it was not created."""


class UnknownJobError(LookupError):
    """No job with this id is known."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job!r}")


@dataclass(frozen=True)
class Submission:
    """A job to be; `id` decides whether it is the same job as an earlier one."""

    id: str
    spec: JobSpec
    origin: Origin
    digest: str = ""
    settings: str = ""
    # For how long it has waited for workers already; None: it takes what is there, or nothing.
    waited_ms: int | None = None


@dataclass(frozen=True)
class Submitted:
    """The job as it stands in the log; `new` is False when it was there already."""

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
class _SoFar:
    """A report of a job that runs, and what it was made of."""

    view: JobView
    heard_ns: dict[str, int]
    report: Report


class Jobs:
    """The jobs of a mesh: submit, look at, cancel, delete; the same through every door."""

    def __init__(
        self,
        log: Log,
        job_store: JobStore,
        members: Members,
        reports: Reports | None = None,
        *,
        expect: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bind them to a mesh; without `reports` a report is what the log has of it.

        Args:
            log: the job log.
            book: what was read of it.
            members: who is there.
            reports: where whole reports are.
            expect: how many workers there should be, for jobs that want all; 0: nobody knows.
            now: the time, as workers tell it when they begin.
        """
        self._log = log
        self._job_store = job_store
        self._members = members
        self._reports = reports
        self._expect = expect
        self._now = now
        self._so_far: dict[str, _SoFar] = {}

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
        """Return what a job has measured: the final report, or the one so far."""
        if view.ended is not None:
            self._so_far.pop(view.id, None)
            return _with_rest(view, view.ended.report)
        progress = self._job_store.progress(view.id)
        heard_ns = {worker: seen.time_ns for worker, seen in progress.items()}
        kept = self._so_far.get(view.id)
        if kept is None or kept.view is not view or kept.heard_ns != heard_ns:
            kept = _SoFar(view, heard_ns, report_so_far(view, progress, now_ns))
            self._keep(kept)
        return kept.report.model_copy(update={"completion_time": log_datetime(now_ns)})

    def _keep(self, made: _SoFar) -> None:
        """Keep a report until something has changed: all who look merge the same histograms."""
        self._so_far.pop(made.view.id, None)
        self._so_far[made.view.id] = made
        while len(self._so_far) > KEPT_SO_FAR:
            del self._so_far[next(iter(self._so_far))]

    async def whole_report(self, view: JobView) -> Report:
        """Return an ended job's report with all details, or what there is and why not more."""
        assert view.ended is not None
        report, stored = view.ended.report, view.ended.stored
        if stored is None or self._reports is None:
            return _with_rest(view, report)
        try:
            return _with_rest(view, await self._reports.get(stored))
        except JournalUnavailableError as error:
            words = f"{report.omitted}; the whole cannot be had: {error}"
            return _with_rest(view, report.model_copy(update={"omitted": words}))

    async def is_forgotten(self, job: str) -> bool:
        """Whether the log has no such job (any more); a reader that lags is not taken for it.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        return not await self._log.holds(EventName(job, "created"))

    async def submit(self, submission: Submission) -> Submitted:
        """Create a job for the workers that are connected now, unless its id exists.

        Raises:
            NotEnoughWorkersError: nothing was created.
            JournalUnavailableError: it is not known whether the job was created; submitting the
                same id again is safe.
        """
        known = self._job_store.get(submission.id)
        if known is not None:
            return Submitted(known, new=False)
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
        )
        appended = await self._append(submission.id, created)
        view = await self._echo(submission.id, lambda _: True)
        return Submitted(view, new=appended)

    async def submit_patiently(
        self, submission: Submission, gone: Callable[[], Awaitable[bool]]
    ) -> Submitted:
        """Create a job as soon as there are enough workers; `gone` says that nobody waits for it.

        Raises:
            QueueTimeoutError: there were too few for the spec's queueTimeoutSeconds.
            NotEnoughWorkersError: there are too few, and nobody waits any more.
            JournalUnavailableError: as `submit`.
        """
        begin_s = asyncio.get_running_loop().time()
        limit_s = submission.spec.queue_timeout_seconds
        while True:
            waited_s = asyncio.get_running_loop().time() - begin_s
            try:
                return await self.submit(replace(submission, waited_ms=int(waited_s * 1000)))
            except NotEnoughWorkersError as error:
                if await gone():
                    raise
                if waited_s >= limit_s:
                    words = f"it did not get its workers within {limit_s} s: {error}"
                    raise QueueTimeoutError(words) from error
            await asyncio.sleep(min(LOOK_AGAIN_S, max(0.0, limit_s - waited_s)))

    async def cancel(self, job: str, reason: str, message: str = "") -> JobView:
        """Stop a job; one that is stopped or over already stays as it is.

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
        """Cancel a job if it still runs, and show it no longer. What it made is cleaned up.

        Raises:
            UnknownJobError: there is no such job.
            JournalUnavailableError: repeat it later.
        """
        await self.cancel(job, "Requested", "the job was deleted")
        await self._append(job, Deleted())

    def waits_for(self, job: str) -> list[str]:
        """Return the jobs that a job waits for, in their order; none once it has its workers."""
        return self._job_store.waits_for(job)

    def _expected(self, spec: JobSpec) -> int:
        """Return how many workers a job is to have here; 0 where the spec or nobody says."""
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
        """Raise NotEnoughWorkersError while the others may still come: while the mesh is young."""
        expected, waited_ms = self._expected(submission.spec), submission.waited_ms
        if waited_ms is None or len(members) >= expected:
            return
        # Half of its time at the most: it is rather to run on fewer than not at all.
        limit_ms = min(EXPECT_MS, submission.spec.queue_timeout_seconds * 1000 // 2)
        youngest = max(member.started_at for member in members)
        if waited_ms < limit_ms and self._now() - youngest < timedelta(seconds=YOUNG_S):
            words = f"{len(members)} of {expected} workers that are wanted here are connected"
            raise NotEnoughWorkersError(f"{words}; the others have {limit_ms / 1000:g} s to come")

    async def _append(self, job: str, payload: Payload) -> bool:
        appended = await self._log.append(EventName(job, EVENT_NAMES[type(payload)]), payload)
        return appended.stored

    async def _echo(self, job: str, reached: Callable[[JobView], bool]) -> JobView:
        """Wait until the own event has come back through the log."""
        try:
            async with asyncio.timeout(ECHO_TIMEOUT_S):
                return await wait_for_job(self._job_store, job, reached)
        except TimeoutError as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error


def _with_rest(view: JobView, report: Report) -> Report:
    """Return a final report with what the clean-up, which comes after it, has left behind."""
    if view.cleaned is None or not view.cleaned.problems:
        return report
    return report.model_copy(update={"left_behind": view.cleaned.problems})
