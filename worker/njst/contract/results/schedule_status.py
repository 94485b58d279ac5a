"""The status of an NjstSchedule."""

from pydantic import Field

from njst.contract.model import Message
from njst.contract.results.job_status import REVISION, Condition


class ScheduleStatus(Message):
    """The status subresource."""

    observed_generation: int = Field(
        -1,
        description="Generation of the resource that the status"
        " is based on; -1 until njst has seen it.",
    )
    revision: int = Field(0, description=REVISION)
    reason: str = Field("", description="State of the schedule in one CamelCase word.")
    message: str = Field("", description="State of the schedule in a sentence.")
    conditions: list[Condition] = Field(
        default_factory=list, description="Conditions of the schedule, by type."
    )
    active_count: int = Field(0, description="Number of jobs or experiments that have not ended.")
    active: list[str] = Field(
        default_factory=list, description="The names of the first few of these."
    )
    last_schedule_time: str | None = Field(
        None, description="Schedule time of the last job or experiment."
    )
    last_successful_time: str | None = Field(
        None, description="When a job or experiment last succeeded."
    )
    next_schedule_time: str | None = Field(
        None, description="Schedule time of the next job or experiment."
    )
    refusals: int = Field(
        0,
        description="Consecutive failures to create a job or experiment; 0 after one was created.",
    )
    refused_time: str | None = Field(
        None, description="Schedule time of the job or experiment that could not be created."
    )
    retry_time: str | None = Field(None, description="When njst tries to create it again.")
    last_missed_time: str | None = Field(
        None,
        description="Schedule time of the last job or experiment that was skipped because it could"
        " not be created within startingDeadlineSeconds.",
    )
    last_missed_message: str | None = Field(None, description="Why that one could not be created.")
