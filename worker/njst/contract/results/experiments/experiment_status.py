"""The status of an NjstExperiment, for `kubectl get` and `kubectl wait`: integers and text only.

At most `job_status.MAX_BYTES`: lists are cut, counts are not. The whole result is at `resultRef` in
the API of any worker.
"""

from pydantic import Field

from njst.contract.model import Message
from njst.contract.results.job_status import REVISION, Condition


class TrialStatus(Message):
    """What an ended trial came to."""

    number: int = Field(description="Number of the trial, from 0.")
    point: str = Field("", description="Values of the factors; empty without factors.")
    purpose: str = Field(description="What the trial was for, such as Sample or Climb.")
    messages_per_second: int | None = Field(
        None, description="Offered rate of a trial of a search, over all workloads."
    )
    achieved_messages_per_second: int = Field(
        0, description="Achieved rate, over all workloads with messagesPerSecond."
    )
    p50_microseconds: int | None = Field(
        None, description="Median latency; the highest of all workloads."
    )
    judgement: str = Field(description="Held, Breached or Undecided.")
    reason: str = Field("", description="Why, in one CamelCase word.")
    verdict: str = Field("", description="Verdict of its job: Valid, Invalid or Unknown.")


class SearchStatus(Message):
    """The bounds of one search, so far or at its end."""

    point: str = Field("", description="Values of the factors; empty without factors.")
    repeat: int = Field(0, description="Number of the repeat, from 0.")
    outcome: str = Field("", description="How the search ended; Running before that.")
    trials: int = Field(0, description="Number of its trials that have ended.")
    lower_messages_per_second: int | None = Field(
        None, description="Highest rate that held; none yet if it is left out."
    )
    is_lower_confirmed: bool = Field(
        False, description="True: longer trials confirmed that rate, it is sustained."
    )
    upper_messages_per_second: int | None = Field(
        None, description="Lowest rate that was rejected; none yet if it is left out."
    )


class ComparisonStatus(Message):
    """One metric of two values of a factor, compared."""

    first: str = Field(description="First value of the factor.")
    second: str = Field(description="Second value of the factor.")
    others: str = Field("", description="Values of the other factors; empty without any.")
    workload: str = Field("", description="Workload that is compared; empty: the whole run.")
    metric: str = Field(description="Metric that is compared.")
    outcome: str = Field(
        description="Better, Worse, Equal or Inconclusive: the second value beside the first one."
    )
    ratio_per_million: int | None = Field(
        None, description="The second value's median over the first one's, in parts per million."
    )


class ExperimentStatus(Message):
    """The status subresource."""

    observed_generation: int = Field(
        -1,
        description="Generation of the resource that the status"
        " is based on; -1 until njst has seen it.",
    )
    revision: int = Field(0, description=REVISION)
    mesh: str = Field("", description="The njst installation that runs the trials.")
    phase: str = Field("", description="Summary of the conditions in one word.")
    reason: str = Field(
        "", description="Why the experiment is in this phase, in one CamelCase word."
    )
    message: str = Field("", description="Why the experiment is in this phase, in a sentence.")
    experiment_id: str = Field("", description="Id of the experiment in the API of the workers.")
    result_ref: str = Field("", description="Path of the whole result in the API of any worker.")
    conditions: list[Condition] = Field(
        default_factory=list, description="Conditions of the experiment, by type."
    )
    submit_time: str | None = Field(None, description="When the experiment was created.")
    completion_time: str | None = Field(None, description="When the experiment ended.")
    duration: str = Field("", description="How long the experiment took, or has taken so far.")
    verdict: str = Field(
        "",
        description="Valid, Invalid or Unknown; empty before the end, and if the experiment was"
        " cancelled.",
    )
    trial_count: int = Field(0, description="Number of trials that have ended.")
    trial_summary: str = Field(
        "", description="Trials that have ended, of all; with a search, only the first number."
    )
    running_job: str = Field("", description="Job of the trial that runs; empty: none runs.")
    best_messages_per_second: int | None = Field(
        None, description="The highest sustained rate of all searches; none if none is confirmed."
    )
    target: str = Field("", description="The NATS under test.")
    point_count: int = Field(0, description="Number of points: combinations of factors' values.")
    searches: list[SearchStatus] = Field(
        default_factory=list, description="Bounds of each search, so far or at its end."
    )
    comparisons: list[ComparisonStatus] = Field(
        default_factory=list, description="Outcome of each comparison."
    )
    trials: list[TrialStatus] = Field(
        default_factory=list, description="The newest trials that have ended, newest first."
    )
    omitted_trials: int = Field(
        0, description="Number of earlier trials that are left out to keep the status small."
    )
    omitted: str = Field("", description="What else was left out to keep the status small.")
