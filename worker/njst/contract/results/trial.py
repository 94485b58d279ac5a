"""What is planned for a trial of an experiment, and what it and its search came to.

All are kept with the experiment, so that the job log may forget the trial's job.
"""

from enum import StrEnum

from pydantic import Field

from njst.contract.model import Message
from njst.contract.results.report import Latency, Verdict


class TrialPurpose(StrEnum):
    """What a trial is for; all but SAMPLE belong to a search.

    SAMPLE: one repeat of a point. PROBE: as fast as possible, for a first guess. CLIMB: above all
    rates so far. NARROW: between the bounds. REPEAT: a second trial where the first was breached.
    RECOVERY: the lowest rate, to see whether the target has recovered. RECHECK: just below a rate
    that held, to see whether the target is still the same. CONFIRM_LOWER: a longer window at the
    highest rate that held. CONFIRM_UPPER: one at the lowest rate that was rejected.
    """

    SAMPLE = "Sample"
    PROBE = "Probe"
    CLIMB = "Climb"
    NARROW = "Narrow"
    REPEAT = "Repeat"
    RECOVERY = "Recovery"
    RECHECK = "Recheck"
    CONFIRM_LOWER = "ConfirmLower"
    CONFIRM_UPPER = "ConfirmUpper"


class TrialJudgement(StrEnum):
    """What a trial proves about the target at its rate; UNDECIDED: nothing."""

    HELD = "Held"
    BREACHED = "Breached"
    UNDECIDED = "Undecided"


class TrialPlan(Message):
    """One trial: which one, of which point and repeat, and its rate in a search.

    `number` counts the trials of an experiment from 0, `point` its points, `repeat` the repeats of
    a point. `messages_per_second` is the total offered rate and `window_seconds` the measured
    window of a trial of a search; None and 0 where the search does not set them.
    """

    number: int = Field(ge=0)
    point: int = Field(0, ge=0)
    repeat: int = Field(0, ge=0)
    purpose: TrialPurpose = TrialPurpose.SAMPLE
    messages_per_second: int | None = Field(None, ge=1)
    window_seconds: int = Field(0, ge=0)


class TrialWorkload(Message):
    """The numbers of one workload that trials are compared by.

    `is_lower_bound`: operations were given up, and the percentiles may be higher.
    """

    workload: str
    messages_per_second: int = 0
    bytes_per_second: int = 0
    errors_per_million: int = 0
    latency_microseconds: Latency | None = None
    is_lower_bound: bool = False


class TrialResult(Message):
    """What an ended trial came to.

    `reason`, one CamelCase word, and `message` say why it was breached or is undecided. `job` is
    the id of its job, `verdict` that of its report. `lost_messages` were acknowledged and are
    missing: no confirmation allows one. With `is_tester_limited` the load tester was the limit.
    `achieved_messages_per_second` is the sum over the paced workloads. `p50_microseconds` is the
    highest median latency of the measured workloads; None without latencies.
    """

    plan: TrialPlan
    job: str
    judgement: TrialJudgement
    reason: str
    message: str = ""
    verdict: Verdict = Verdict.VALID
    lost_messages: int = 0
    is_tester_limited: bool = False
    achieved_messages_per_second: int = 0
    p50_microseconds: int | None = None
    workloads: list[TrialWorkload] = Field(default_factory=list)


class SearchResult(Message):
    """How the search of one run ended; rates are messages per second of all paced workloads.

    `outcome` is an `njst.experiments.search_end.SearchOutcome`. `lower_messages_per_second` held
    and, with `is_lower_confirmed`, is sustained; `upper_messages_per_second` was rejected; None:
    there is no such bound.
    """

    point: int
    repeat: int
    outcome: str
    message: str = ""
    trials: int = 0
    lower_messages_per_second: int | None = None
    is_lower_confirmed: bool = False
    upper_messages_per_second: int | None = None
