"""An NjstSchedule: jobs made again and again from one template, as a CronJob makes Jobs."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.model import Model, Rule
from njst.contract.spec.cron_rules import CRON_RULES
from njst.contract.spec.job import JobSpec

# A job's name is the schedule's with a dash and the seconds of its time: 63 in all, as of a label.
MAX_NAME = 52
NAME_TOO_LONG = f"must have at most {MAX_NAME} characters: its jobs' names are made of it"

_FIELD = r"[0-9A-Za-z*/,#-]+"
_MACRO = "@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
CronText = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({_MACRO}|{_FIELD}( {_FIELD}){{4}})$",
        min_length=1,
        max_length=100,
    ),
]
ZoneName = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9_+/-]*$", min_length=1, max_length=64)
]
LabelValue = Annotated[str, StringConstraints(max_length=63)]
AnnotationValue = Annotated[str, StringConstraints(max_length=1024)]


class ConcurrencyPolicy(StrEnum):
    """What becomes of a time that comes while an earlier job is not over."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"


class TemplateMetadata(Model):
    """What each job carries beside its spec."""

    labels: dict[str, LabelValue] = Field(
        default_factory=dict, max_length=32, description="Labels of each job."
    )
    annotations: dict[str, AnnotationValue] = Field(
        default_factory=dict, max_length=32, description="Annotations of each job."
    )


class JobTemplate(Model):
    """The job that is made each time."""

    metadata: TemplateMetadata = Field(
        default_factory=TemplateMetadata, description="Labels and annotations of each job."
    )
    spec: JobSpec = Field(description="What each job runs.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.spec.cancel) || !self.spec.cancel",
            message="a template cannot be cancelled: suspend the schedule",
            holds=lambda self: not self.spec.cancel,
        ),
        # Its jobs would wait for a person, and the next ones for them.
        Rule(
            cel="!has(self.spec.suspend) || !self.spec.suspend",
            message="a template cannot be suspended: suspend the schedule",
            holds=lambda self: not self.spec.suspend,
        ),
    )


class ScheduleSpec(Model):
    """When to make which job."""

    schedule: CronText = Field(
        description="Minute, hour, day of month, month and day of week, as in cron; or a macro"
        " such as @hourly."
    )
    time_zone: ZoneName = Field(
        "Etc/UTC", description="Name in the IANA time zone database, such as Europe/Berlin."
    )
    suspend: bool = Field(False, description="True: no jobs are created until it is false.")
    concurrency_policy: ConcurrencyPolicy = Field(
        ConcurrencyPolicy.FORBID,
        description="If an earlier job has not ended: Forbid waits for it, Replace deletes it,"
        " Allow creates another one, which waits until the workers are free.",
    )
    starting_deadline_seconds: int | None = Field(
        None,
        ge=1,
        le=31_536_000,
        description="A job that cannot be created within this time is skipped. Left out: the"
        " last missed job is created late.",
    )
    successful_jobs_history_limit: int = Field(
        3, ge=0, le=100, description="Number of succeeded jobs that are kept."
    )
    failed_jobs_history_limit: int = Field(
        1, ge=0, le=100, description="Number of jobs that are kept of those that did not succeed."
    )
    job_template: JobTemplate = Field(description="The job that is created each time.")

    rules: ClassVar[tuple[Rule, ...]] = CRON_RULES
