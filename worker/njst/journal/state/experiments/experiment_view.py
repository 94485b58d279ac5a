"""The view of an experiment: the projection of its events, the same for every reader of the log."""

from dataclasses import dataclass

from njst.contract.events import Cancelled, Concluded, ExperimentCreated, TrialEnded
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.journal.state.job_view import Phase


@dataclass(frozen=True)
class ExperimentView:
    """One experiment. Times are log time, in ns since the Unix epoch; 0 means not yet.

    Attributes:
        id: Its id, which never repeats.
        seq: Sequence of its first event.
        created: Its spec and origin.
        created_ns: When it was created.
        trials: The trials that have ended, in the order of their numbers.
        cancelled: Why it is to stop.
        concluded: How it ended.
        concluded_ns: When it ended.
        deleted: It is no longer listed.
        last_seq: Sequence of the last event that was applied, void or not.
        last_ns: When that was stored.
    """

    id: str
    seq: int
    created: ExperimentCreated
    created_ns: int
    trials: tuple[TrialEnded, ...] = ()
    cancelled: Cancelled | None = None
    concluded: Concluded | None = None
    concluded_ns: int = 0
    deleted: bool = False
    last_seq: int = 0
    last_ns: int = 0

    @property
    def spec(self) -> ExperimentSpec:
        """The spec as it applies now."""
        if self.cancelled is None:
            return self.created.spec
        return self.created.spec.model_copy(update={"cancel": True})

    @property
    def results(self) -> tuple[TrialResult, ...]:
        """What the trials that have ended came to."""
        return tuple(trial.result for trial in self.trials)

    @property
    def phase(self) -> Phase:
        """How far it is; it runs from its creation on, since its trials are what waits."""
        if self.concluded is not None:
            if self.concluded.verdict is Verdict.VALID:
                return Phase.SUCCEEDED
            return Phase.CANCELLED if self.concluded.outcome == "Cancelled" else Phase.FAILED
        return Phase.RUNNING if self.cancelled is None else Phase.CANCELLING
