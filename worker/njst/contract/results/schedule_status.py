"""The status of an NjstSchedule."""

from pydantic import Field

from njst.contract.model import Message
from njst.contract.results.job_status import REVISION, Condition


class ScheduleStatus(Message):
    """The status subresource."""

    observed_generation: int = Field(-1, description="-1 until njst has seen the resource.")
    revision: int = Field(0, description=REVISION)
    reason: str = Field("", description="How the schedule stands, in one CamelCase word.")
    message: str = Field("", description="The same as a sentence.")
    conditions: list[Condition] = Field(
        default_factory=list, description="What is true of the schedule, by type."
    )
    active_count: int = Field(0, description="Jobs that are not over.")
    active: list[str] = Field(default_factory=list, description="The first few of them.")
    last_schedule_time: str | None = Field(None, description="The time of the last job.")
    last_successful_time: str | None = Field(None, description="When one succeeded last.")
    next_schedule_time: str | None = Field(None, description="The time of the next job.")
    refusals: int = Field(
        0, description="How often in a row a job could not be made; 0 once one was made."
    )
    refused_time: str | None = Field(None, description="The schedule time of that job.")
    retry_time: str | None = Field(None, description="When it is tried again.")
