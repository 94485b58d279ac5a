"""The operations on experiments: the same for the HTTP API and the CLI."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from njst.contract.events import (
    EVENT_NAMES,
    Cancelled,
    Deleted,
    ExperimentCreated,
    Origin,
    Payload,
    Resumed,
    Suspended,
)
from njst.contract.names.mesh import EventName
from njst.contract.results.comparison import PinnedBaseline
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.trials.points import points_of
from njst.experiments.trial_job import point_job
from njst.journal.baselines import pinned
from njst.journal.interfaces import Baselines, JournalUnavailableError, Log
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst.journal.state.experiments.experiment_view import ExperimentView

# How long an appended event may take to come back through the log before that counts as an outage.
ECHO_TIMEOUT_S = 5.0


def _jobs_of(spec: ExperimentSpec) -> list[JobSpec]:
    return [point_job(spec, number) for number in range(len(points_of(spec)))]


class UnknownExperimentError(LookupError):
    """There is no experiment with this id."""

    def __init__(self, experiment: str) -> None:
        super().__init__(f"there is no experiment {experiment!r}")


@dataclass(frozen=True)
class ExperimentSubmission:
    """An experiment to create; a second submission of the same `id` is the same experiment."""

    id: str
    spec: ExperimentSpec
    origin: Origin
    digest: str = ""


@dataclass(frozen=True)
class SubmittedExperiment:
    """The experiment as it stands in the log; `new` is False if it was there already."""

    view: ExperimentView
    new: bool


class Experiments:
    """The experiments of a mesh: create, get, suspend, cancel, delete. Workers run their trials."""

    def __init__(
        self, log: Log, store: ExperimentStore, baselines: Baselines | None = None
    ) -> None:
        """Bind the operations to the log of a mesh and to what was read of it.

        `baselines` are what thresholds may be relative to; None: nothing.
        """
        self._log = log
        self._store = store
        self._baselines = baselines

    def all(self) -> list[ExperimentView]:
        """Return all experiments in the order in which they were created."""
        return self._store.experiments()

    def get(self, experiment: str) -> ExperimentView:
        """Return an experiment.

        Raises:
            UnknownExperimentError: there is none with this id.
        """
        view = self._store.get(experiment)
        if view is None:
            raise UnknownExperimentError(experiment)
        return view

    async def submit(self, submission: ExperimentSubmission) -> SubmittedExperiment:
        """Create an experiment, unless its id exists.

        Raises:
            InvalidDocumentError: a threshold is relative to a baseline that is missing, or does not
                suit each of the trials; nothing was created.
            JournalUnavailableError: it is not known whether it was created; submitting the same id
                again is safe.
        """
        known = self._store.view(submission.id)
        if known is not None:
            return SubmittedExperiment(known, new=False)
        created = ExperimentCreated(
            spec=submission.spec,
            origin=submission.origin,
            digest=submission.digest,
            baselines=await self.check(submission.spec),
        )
        stored = await self._append(submission.id, created)
        view = await self._echo(submission.id, lambda _: True)
        return SubmittedExperiment(view, new=stored)

    async def check(self, spec: ExperimentSpec) -> list[PinnedBaseline] | None:
        """Return what the thresholds of all trials need of baselines; None: they need nothing.

        Raises:
            InvalidDocumentError: as `submit`.
            JournalUnavailableError: the baselines cannot be read now.
        """
        thresholds = spec.template.thresholds
        may_differ = any(factor.path.startswith("thresholds") for factor in spec.factors)
        if not may_differ and all(one.relative_to is None for one in thresholds):
            return None
        # In a thread: a grid can have a thousand points, each of which is checked as a job.
        jobs = await asyncio.to_thread(_jobs_of, spec)
        return await pinned(self._baselines, jobs, "spec.template")

    async def is_forgotten(self, experiment: str) -> bool:
        """Whether the log itself has no such experiment; what was read may lag behind it.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        return not await self._log.holds(EventName(experiment, EVENT_NAMES[ExperimentCreated]))

    async def suspend(
        self, experiment: str, *, suspended: bool, generation: int = 0
    ) -> ExperimentView:
        """Suspend or resume an experiment; one that has ended, or is so already, does not change.

        A running trial goes on. `generation`: see `Suspended`.

        Raises:
            UnknownExperimentError: there is no such experiment.
            JournalUnavailableError: repeat it later.
        """

        def is_done(view: ExperimentView) -> bool:
            is_overruled = view.suspend_generation > generation
            return view.is_suspended == suspended or is_overruled or view.concluded is not None

        view = self.get(experiment)
        if is_done(view):
            return view
        event = Suspended if suspended else Resumed
        await self._append(experiment, event(generation=generation))
        return await self._echo(experiment, is_done)

    async def cancel(
        self, experiment: str, message: str, *, reason: str = "Requested"
    ) -> ExperimentView:
        """Cancel an experiment and its running trial; one that has ended stays as it is.

        Raises:
            UnknownExperimentError: there is no such experiment.
            JournalUnavailableError: repeat it later.
        """
        view = self.get(experiment)
        if view.cancelled is not None or view.concluded is not None:
            return view
        await self._append(experiment, Cancelled(reason=reason, message=message))
        return await self._echo(experiment, lambda v: bool(v.cancelled or v.concluded))

    async def delete(self, experiment: str) -> None:
        """Cancel an experiment that runs, and hide it; its trials stay in the list of jobs.

        Raises:
            UnknownExperimentError: there is no such experiment.
            JournalUnavailableError: repeat it later.
        """
        await self.cancel(experiment, "the experiment was deleted")
        await self._append(experiment, Deleted())
        await self._echo(experiment, lambda view: view.deleted)

    async def _append(self, experiment: str, payload: Payload) -> bool:
        name = EventName(experiment, EVENT_NAMES[type(payload)])
        return (await self._log.append(name, payload)).stored

    async def _echo(
        self, experiment: str, reached: Callable[[ExperimentView], bool]
    ) -> ExperimentView:
        """Wait until an appended event has come back through the log."""
        found: asyncio.Future[ExperimentView] = asyncio.get_running_loop().create_future()

        def check(_: str) -> None:
            view = self._store.view(experiment)
            if view is not None and not found.done() and reached(view):
                found.set_result(view)

        stop_listening = self._store.listen(check)
        try:
            check(experiment)
            async with asyncio.timeout(ECHO_TIMEOUT_S):
                return await found
        except TimeoutError as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error
        finally:
            stop_listening()
