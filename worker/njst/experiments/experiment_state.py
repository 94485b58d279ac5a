"""An experiment, its trials, and the answers to "what next?"."""

from dataclasses import dataclass
from enum import StrEnum

from njst.contract.results.trial import TrialPlan, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.experiments.run_order import Run
from njst.experiments.search_end import SearchEnd


@dataclass(frozen=True)
class Experiment:
    """An experiment as the log has it.

    Attributes:
        id: Its id, which never repeats.
        spec: Its spec; `suspend` and `cancel` may change while it runs, nothing else.
        suspended_ns: For how long it was suspended so far, in ns.
    """

    id: str
    spec: ExperimentSpec
    suspended_ns: int = 0


@dataclass(frozen=True)
class TrialRecord:
    """A trial that was created.

    Attributes:
        plan: What it is.
        created_ns: When its job was created, log time in ns.
        ended_ns: When its job ended, log time in ns; None: it has not ended.
        result: What it came to; None: it has not ended.
    """

    plan: TrialPlan
    created_ns: int
    ended_ns: int | None = None
    result: TrialResult | None = None


@dataclass(frozen=True)
class Trial:
    """A trial to create: the id of its job, its plan, and the complete spec of its job."""

    job: str
    plan: TrialPlan
    spec: JobSpec


class WaitReason(StrEnum):
    """Why there is no trial to create now."""

    TRIAL_RUNS = "TrialRuns"
    SUSPENDED = "Suspended"
    PAUSE = "Pause"


@dataclass(frozen=True)
class Waiting:
    """No trial is created now.

    Attributes:
        reason: Why.
        until_ns: When to ask again, log time in ns; None: after an event.
    """

    reason: WaitReason
    until_ns: int | None = None


class ExperimentOutcome(StrEnum):
    """How an experiment ended; COMPLETED: each run took place, whatever it came to."""

    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    TIME_OVER = "TimeOver"
    TRIALS_FAILED = "TrialsFailed"


@dataclass(frozen=True)
class RunResult:
    """What one run came to.

    Attributes:
        run: Which point and repeat.
        trials: The trials of it that ended, in their order.
        search: How its search ended; None: the experiment has none.
    """

    run: Run
    trials: tuple[TrialResult, ...]
    search: SearchEnd | None = None


@dataclass(frozen=True)
class Conclusion:
    """The end of an experiment: how it ended, why in a sentence, and its runs that began."""

    outcome: ExperimentOutcome
    message: str
    runs: tuple[RunResult, ...]
