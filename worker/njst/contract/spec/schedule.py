"""An NjstSchedule: jobs or experiments made again and again from one template.

It is to an NjstJob or NjstExperiment what a CronJob is to a Job.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.model import Model, Rule
from njst.contract.spec.cron_rules import CRON_RULES
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec

# What is made has the schedule's name with a dash and the seconds of its time: 63 in all, as of a
# label.
MAX_NAME = 52
NAME_TOO_LONG = (
    f"must have at most {MAX_NAME} characters: the names of its jobs or experiments are made of it"
)
_CANCELLED = "a template cannot be cancelled: suspend the schedule"
_SUSPENDED = "a template cannot be suspended: suspend the schedule"
# The CRD keeps the spec of an experiment as it is: with the schemas of two kinds it would be larger
# than the annotation of `kubectl apply` may be. The operator refuses a template in these words.
_NOT_IN_CEL = ""

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
    """What becomes of a time that comes while an earlier job or experiment is not over."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"


class TemplateMetadata(Model):
    """What each job or experiment carries beside its spec."""

    labels: dict[str, LabelValue] = Field(
        default_factory=dict, max_length=32, description="Labels of each job or experiment."
    )
    annotations: dict[str, AnnotationValue] = Field(
        default_factory=dict, max_length=32, description="Annotations of each job or experiment."
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
            message=_CANCELLED,
            holds=lambda self: not self.spec.cancel,
        ),
        # Its jobs would wait for a person, and the next ones for them.
        Rule(
            cel="!has(self.spec.suspend) || !self.spec.suspend",
            message=_SUSPENDED,
            holds=lambda self: not self.spec.suspend,
        ),
    )


class ExperimentTemplate(Model):
    """The experiment that is made each time."""

    metadata: TemplateMetadata = Field(
        default_factory=TemplateMetadata, description="Labels and annotations of each experiment."
    )
    spec: ExperimentSpec = Field(
        description="What each experiment runs: the spec of an NjstExperiment. The operator checks"
        " it as soon as it sees the schedule."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(cel=_NOT_IN_CEL, message=_CANCELLED, holds=lambda self: not self.spec.cancel),
        Rule(cel=_NOT_IN_CEL, message=_SUSPENDED, holds=lambda self: not self.spec.suspend),
    )


class ScheduleSpec(Model):
    """When to make which job or experiment."""

    schedule: CronText = Field(
        description="Minute, hour, day of month, month and day of week, as in cron; or a macro"
        " such as @hourly."
    )
    time_zone: ZoneName = Field(
        "Etc/UTC", description="Name in the IANA time zone database, such as Europe/Berlin."
    )
    suspend: bool = Field(False, description="True: nothing is created until it is false.")
    concurrency_policy: ConcurrencyPolicy = Field(
        ConcurrencyPolicy.FORBID,
        description="If an earlier job or experiment has not ended: Forbid waits for it, Replace"
        " deletes it, Allow creates another one, which waits until the workers are free.",
    )
    starting_deadline_seconds: int | None = Field(
        None,
        ge=1,
        le=31_536_000,
        description="A job or experiment that cannot be created within this time is skipped. Left"
        " out: the last missed one is created late.",
    )
    successful_jobs_history_limit: int = Field(
        3, ge=0, le=100, description="Number of succeeded jobs or experiments that are kept."
    )
    failed_jobs_history_limit: int = Field(
        1,
        ge=0,
        le=100,
        description="Number of jobs or experiments that are kept of those that did not succeed.",
    )
    job_template: JobTemplate | None = Field(None, description="The job that is created each time.")
    experiment_template: ExperimentTemplate | None = Field(
        None, description="The experiment that is created each time, instead of a job."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        *CRON_RULES,
        Rule(
            cel="has(self.jobTemplate) != has(self.experimentTemplate)",
            message="exactly one of jobTemplate and experimentTemplate must be set",
            holds=lambda self: (self.job_template is None) != (self.experiment_template is None),
        ),
    )
