"""Reconciles NjstExperiments: carries out what `experiment_decide` decides, as every replica."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.outcome import Problem
from njst.contract.spec.experiment import ExperimentSpec
from njst.experiments.trial_job import experiment_of
from njst.journal.experiments import Experiments, ExperimentSubmission
from njst.journal.interfaces import EventTooLargeError, JournalUnavailableError
from njst.journal.state.experiments.experiment_store import ExperimentStore
from njst_operator.controllers.experiment import experiment_decide as d
from njst_operator.controllers.experiment import (
    experiment_events,
    experiment_phase,
    experiment_status_builder,
)
from njst_operator.controllers.experiment.experiment_observer import ExperimentObserver
from njst_operator.controllers.experiment.experiment_resource import (
    ExperimentResource,
    experiment_resource_of,
)
from njst_operator.controllers.resource.actions import WriteStatus
from njst_operator.controllers.resource.cached_resource import CachedResource
from njst_operator.controllers.resource.resource_controller import ResourceController
from njst_operator.controllers.resource.status_writer import StatusKind

_STATUS = StatusKind(
    read=experiment_resource_of,
    fit=experiment_status_builder.fit,
    regresses=experiment_status_builder.regresses,
    changes_more_than_numbers=experiment_status_builder.changes_more_than_numbers,
    events=experiment_events.of_experiment,
)


@dataclass(kw_only=True)
class ExperimentController(ResourceController[ExperimentResource, ExperimentStatus]):
    """The NjstExperiments of one replica, by uid."""

    experiments: Experiments
    store: ExperimentStore
    observer: ExperimentObserver

    def _status_kind(self) -> StatusKind[ExperimentStatus]:
        return _STATUS

    def now(self) -> datetime:
        """Return the log's time."""
        return self.observer.now()

    def is_in_log(self, uid: str) -> bool:
        """Whether this replica has read of the experiment in the log."""
        return self.store.view(uid) is not None

    def is_open(self, uid: str) -> bool:
        """Whether the log has the experiment and it can still be cancelled."""
        view = self.store.get(uid)
        return view is not None and d.is_open(view)

    def describe(self, key: str) -> str:
        """Return kind, namespace and name of an experiment."""
        return f"experiment {super().describe(key)}"

    async def _append_cancel(self, uid: str, reason: str, message: str) -> None:
        await self.experiments.cancel(uid, message, reason=reason)

    def on_job_changed(self, job: str) -> None:
        """Reconcile the resource of the experiment whose trial a changed job is."""
        self.on_log_changed(experiment_of(job))

    async def _decide(self, cached: CachedResource[ExperimentResource]) -> Iterable[object]:
        observed = await self.observer.observe(cached)
        return d.decide(cached.resource, observed, self.now())

    def _decide_disconnected(
        self, cached: CachedResource[ExperimentResource]
    ) -> Iterable[WriteStatus[ExperimentStatus]]:
        actions = d.decide(cached.resource, d.ObservedExperiment(silent=True), self.now())
        return [action for action in actions if isinstance(action, WriteStatus)]

    async def _perform(
        self, cached: CachedResource[ExperimentResource], action: Any
    ) -> float | None:
        match action:
            case d.Submit(spec):
                await self._let_others_submit(cached)
                return await self._submit(cached, spec)
            case d.Suspend(suspended, generation):
                uid = cached.resource.uid
                await self.experiments.suspend(uid, suspended=suspended, generation=generation)
                # The view has changed: the status that was decided with this is old.
                return 0.0
        return None

    async def _submit(
        self, cached: CachedResource[ExperimentResource], spec: ExperimentSpec
    ) -> float:
        """Submit an experiment, or keep why it is not; return when to look at it again."""
        origin = await self.observer.origin(cached.resource)
        failure = None
        try:
            await self.experiments.submit(
                ExperimentSubmission(id=cached.resource.uid, spec=spec, origin=origin)
            )
        except InvalidDocumentError as error:
            failure = Problem(reason=d.INVALID, message=str(error))
        except EventTooLargeError as error:
            failure = Problem(reason=d.TOO_LARGE, message=str(error))
        except JournalUnavailableError as error:
            failure = Problem(reason="NATSUnavailable", message=str(error))
        return self._keep_failure(cached, failure)

    def _changes_only_numbers(self, cached: CachedResource[ExperimentResource]) -> bool:
        """Whether only numbers could be new: the bounds of searches take time."""
        view, old = self.store.view(cached.resource.uid), cached.resource.status
        if view is None or cached.resource.is_finished or cached.resource.is_to_end:
            return False
        if cached.resource.generation != old.observed_generation:
            return False
        running = self.observer.running(view)
        new = experiment_phase.of_view(view, running)
        is_same = (old.phase, old.reason) == (new.phase, new.reason)
        return is_same and old.trial_count == len(view.trials)
