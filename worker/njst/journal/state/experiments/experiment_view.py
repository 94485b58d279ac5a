"""The view of an experiment: the projection of its events, the same for every reader of the log."""

from dataclasses import dataclass
from enum import StrEnum

from njst.contract.events import Cancelled, Concluded, ExperimentCreated, TrialEnded
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialResult
from njst.contract.spec.experiment import ExperimentSpec


class ExperimentPhase(StrEnum):
    """How far an experiment is, in one word for people; derived, never stored.

    It runs from its creation on, since its trials are what waits.
    """

    RUNNING = "Running"
    SUSPENDED = "Suspended"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class ExperimentView:
    """One experiment. Times are log time, in ns since the Unix epoch; 0 means not yet.

    Attributes:
        id: Its id, which never repeats.
        seq: Sequence of its first event.
        created: Its spec and origin.
        created_ns: When it was created.
        trials: The trials that have ended, in the order of their numbers.
        suspended_since_ns: Since when no further trial is created; 0: it is not suspended.
        suspended_before_ns: For how long it was suspended before that, in ns.
        suspend_generation: Of the last event that suspended or resumed it, see `Suspended`.
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
    suspended_since_ns: int = 0
    suspended_before_ns: int = 0
    suspend_generation: int = 0
    cancelled: Cancelled | None = None
    concluded: Concluded | None = None
    concluded_ns: int = 0
    deleted: bool = False
    last_seq: int = 0
    last_ns: int = 0

    @property
    def spec(self) -> ExperimentSpec:
        """The spec as it applies now."""
        changes = {"suspend": self.is_suspended, "cancel": self.cancelled is not None}
        return self.created.spec.model_copy(update=changes)

    @property
    def is_suspended(self) -> bool:
        """Whether no further trial is created until it is resumed."""
        return self.suspended_since_ns > 0

    def suspended_ns(self, now_ns: int) -> int:
        """Return for how long it has been suspended in all, in ns, at a log time."""
        since_ns = self.suspended_since_ns
        return self.suspended_before_ns + (max(0, now_ns - since_ns) if since_ns else 0)

    @property
    def results(self) -> tuple[TrialResult, ...]:
        """What the trials that have ended came to."""
        return tuple(trial.result for trial in self.trials)

    @property
    def phase(self) -> ExperimentPhase:
        """How far it is."""
        if self.concluded is not None:
            if self.concluded.verdict is Verdict.VALID:
                return ExperimentPhase.SUCCEEDED
            is_cancelled = self.concluded.outcome == "Cancelled"
            return ExperimentPhase.CANCELLED if is_cancelled else ExperimentPhase.FAILED
        if self.cancelled is not None:
            return ExperimentPhase.CANCELLING
        return ExperimentPhase.SUSPENDED if self.is_suspended else ExperimentPhase.RUNNING
