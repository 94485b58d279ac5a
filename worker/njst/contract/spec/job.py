"""The spec of a job: the one source of the HTTP body, the YAML, the job message and the CRD.

Every number, list and string is bounded; units stand in the names; there are no nulls. Field
descriptions are what `kubectl explain njstjob.spec` prints.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from njst.contract.fields import MOST_JOB_SECONDS, LabelValue, MeshName
from njst.contract.model import Model, Rule
from njst.contract.spec.stream import Stream
from njst.contract.spec.target import Target
from njst.contract.spec.threshold import Threshold
from njst.contract.spec.workload import Workload

MAX_WORKLOADS = 16
MAX_STREAMS = 16


class OnWorkerLoss(StrEnum):
    """What the loss of a participant does to its job."""

    CONTINUE = "Continue"
    FAIL = "Fail"


class VerdictPolicy(StrEnum):
    """What a missed verdict means to those who roll out the resource."""

    GATE = "Gate"
    REPORT = "Report"


class Sharing(StrEnum):
    """Whether a job bears another one beside it on the same workers."""

    EXCLUSIVE = "Exclusive"
    SHARED = "Shared"


class WorkerSelector(Model):
    """Which workers may take part."""

    match_labels: dict[str, LabelValue] = Field(
        default_factory=dict,
        max_length=16,
        description="Labels that a worker must have, each with this value: those of its --label"
        " options, and name, host and zone.",
    )


def refuse_duplicates(entries: list[Any]) -> list[Any]:
    """Refuse a second entry of one name, at the entry, as a list of type map does."""
    seen: set[str] = set()
    twice = []
    for index, entry in enumerate(entries):
        if entry.name in seen:
            error = PydanticCustomError("duplicate", "Duplicate value")
            twice.append(InitErrorDetails(type=error, loc=(index,), input=entry.name))
        seen.add(entry.name)
    if twice:
        raise ValidationError.from_exception_data("names", twice)
    return entries


_Named = TypeVar("_Named", Stream, Workload)
UniqueNames = Annotated[list[_Named], AfterValidator(refuse_duplicates)]


def _unknown_streams(spec: "JobSpec") -> list[str]:
    names = {stream.name for stream in spec.streams}
    return [w.stream for w in spec.workloads if w.stream is not None and w.stream not in names]


def _unknown_workloads(spec: "JobSpec") -> list[str]:
    names = {workload.name for workload in spec.workloads}
    return [
        t.workload for t in spec.thresholds if t.workload is not None and t.workload not in names
    ]


def _unknown_references(spec: "JobSpec") -> list[str]:
    names = {workload.name for workload in spec.workloads}
    others = [t.relative_to_workload for t in spec.thresholds]
    return [name for name in others if name is not None and name not in names]


def _after_cel() -> str:
    """Return `not _after_unknown` in CEL, written out: it has no cheap index of an entry."""
    names = [f"self.workloads[{place}].name" for place in range(MAX_WORKLOADS)]
    return " && ".join(
        f"(size(self.workloads) <= {place} || !has(self.workloads[{place}].after) ||"
        f" self.workloads[{place}].after.all(a, a in [{', '.join(names[:place])}]))"
        for place in range(MAX_WORKLOADS)
    )


def _after_culprit_cel() -> str:
    """Return the first of `_after_unknown` in CEL."""
    names = [f"self.workloads[{place}].name" for place in range(MAX_WORKLOADS)]
    found = " + ".join(
        f"(size(self.workloads) > {place} && has(self.workloads[{place}].after) ?"
        f" self.workloads[{place}].after.filter(a, !(a in [{', '.join(names[:place])}])) : [])"
        for place in range(MAX_WORKLOADS)
    )
    return f"({found})[0]"


def _after_unknown(spec: "JobSpec") -> list[str]:
    names = [workload.name for workload in spec.workloads]
    return [
        name
        for place, workload in enumerate(spec.workloads)
        for name in workload.after
        if name not in names[:place]
    ]


def _misplaced_origins(spec: "JobSpec") -> list[str]:
    """Return the origins that are streams of the job, and not earlier ones of the list."""
    names = [stream.name for stream in spec.streams]
    return [
        origin.name
        for place, stream in enumerate(spec.streams)
        for origin in stream.origins
        if origin.api_prefix is None and origin.name in names[place:]
    ]


def _earlier_origins_cel() -> str:
    """Return `not _misplaced_origins` in CEL, written out as in `_after_cel`."""
    names = [f"self.streams[{place}].name" for place in range(MAX_STREAMS)]

    def is_earlier(origin: str, place: int) -> str:
        return (
            f"(has({origin}.apiPrefix) || {origin}.name in [{', '.join(names[:place])}] ||"
            f" !self.streams.exists(s, s.name == {origin}.name))"
        )

    parts = []
    for place in range(MAX_STREAMS):
        stream = f"self.streams[{place}]"
        parts.append(
            f"(size(self.streams) <= {place} ||"
            f" (!has({stream}.mirror) || {is_earlier(f'{stream}.mirror', place)}) &&"
            f" (!has({stream}.sources) || {stream}.sources.all(o, {is_earlier('o', place)})))"
        )
    return "!has(self.streams) || " + " && ".join(parts)


def _writers_to_copies(spec: "JobSpec") -> list[str]:
    """Return the workloads that would store something in a stream that only copies others."""
    copies = {stream.name for stream in spec.streams if not stream.takes_messages}
    return [
        w.name
        for w in spec.workloads
        if w.stream in copies and (w.publish or w.key_value or w.object_store)
    ]


def _existing_have_subjects(spec: "JobSpec") -> bool:
    existing = {stream.name for stream in spec.streams if stream.use_existing}
    return all(
        w.publish is None or bool(w.publish.subjects) or w.stream not in existing
        for w in spec.workloads
    )


def _delayed_are_filtered(spec: "JobSpec") -> bool:
    return all(
        w.consume is None
        or bool(w.consume.filter_subjects)
        or w.consume.existing_consumer is not None
        or not spec.has_schedules(w.stream)
        for w in spec.workloads
    )


def _existing_consumers_have_existing_streams(spec: "JobSpec") -> bool:
    made = {stream.name for stream in spec.streams if not stream.use_existing}
    return all(
        w.consume is None or w.consume.existing_consumer is None or w.stream not in made
        for w in spec.workloads
    )


class JobSpec(Model):
    """What to run, where, and what must hold."""

    description: str = Field("", max_length=1024, description="Free text.")
    mesh: MeshName | None = Field(
        None,
        description="Name of the njst installation that runs the job. Left out: the default one.",
    )
    target: Target = Field(default_factory=Target, description="The NATS under test.")
    workers: int = Field(
        0, ge=0, le=1000, description="Number of workers that take part; 0: all that are connected."
    )
    worker_selector: WorkerSelector | None = Field(
        None, description="Restricts the job to matching workers; `workers` counts among them."
    )
    priority: int = Field(
        0,
        ge=-1000,
        le=1000,
        description="Waiting jobs start highest priority first, ties in submission order."
        " Running jobs are never preempted.",
    )
    sharing: Sharing = Field(
        Sharing.EXCLUSIVE,
        description="Exclusive: no other job runs on its workers. Shared: the job runs"
        " concurrently with other Shared jobs, and competes with them for capacity.",
    )
    streams: UniqueNames[Stream] = Field(
        default_factory=list,
        max_length=MAX_STREAMS,
        description="Streams to create or to use; names are unique.",
    )
    workloads: UniqueNames[Workload] = Field(
        min_length=1,
        max_length=MAX_WORKLOADS,
        description="What runs: all at the same time, unless startSeconds or after says otherwise.",
    )
    thresholds: list[Threshold] = Field(
        default_factory=list, max_length=32, description="What must hold for the job to succeed."
    )
    start_timeout_seconds: int = Field(
        30,
        ge=1,
        le=3600,
        description="Workers that are not ready after this time are lost, or fail the job; see"
        " onWorkerLoss.",
    )
    queue_timeout_seconds: int = Field(
        3600,
        ge=1,
        le=604_800,
        description="A job that has not got its workers after this time fails with reason"
        " QueueTimeout: too few are connected, or earlier jobs occupy them. Time in suspend does"
        " not count.",
    )
    active_deadline_seconds: int = Field(
        3600, ge=1, le=MOST_JOB_SECONDS, description="A job that runs longer is stopped and fails."
    )
    on_worker_loss: OnWorkerLoss = Field(
        OnWorkerLoss.CONTINUE,
        description="Continue: the job goes on with the other workers and reports the loss."
        " Fail: the job stops.",
    )
    verdict_policy: VerdictPolicy = Field(
        VerdictPolicy.GATE,
        description="What Flux, Helm and Argo CD see of a job that did not succeed. Gate: the"
        " resource is Stalled, so that a rollout fails. Report: it stays Ready. The condition"
        " Succeeded has the verdict in both cases.",
    )
    suspend: bool = Field(
        False,
        description="True: a new resource is not submitted until this is false. Ignored once the"
        " job has begun.",
    )
    cancel: bool = Field(False, description="True stops the job permanently; its results are kept.")
    ttl_seconds_after_finished: int | None = Field(
        None,
        ge=0,
        le=31_536_000,
        description="The resource is deleted this long after the job has ended. Left out: it is"
        " kept.",
    )
    skip_if_ran_within_seconds: int | None = Field(
        None,
        ge=1,
        le=604_800,
        description="If a resource is created again with the same name, namespace and spec less"
        " than this long after its job ended, it repeats that result and runs nothing. Left out:"
        " it runs.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.workloads.all(w, !has(w.stream) || (has(self.streams) &&"
            " self.streams.exists(s, s.name == w.stream)))",
            message="each stream of workloads must be the name of one of streams",
            holds=lambda self: not _unknown_streams(self),
            culprit=lambda self: _unknown_streams(self)[0],
            culprit_cel="self.workloads.map(w, has(w.stream) && !(has(self.streams) &&"
            " self.streams.exists(s, s.name == w.stream)), w.stream)[0]",
        ),
        Rule(
            cel="!has(self.thresholds) || self.thresholds.all(t, !has(t.workload) ||"
            " self.workloads.exists(w, w.name == t.workload))",
            message="each workload of thresholds must be the name of one of workloads",
            holds=lambda self: not _unknown_workloads(self),
            culprit=lambda self: _unknown_workloads(self)[0],
            culprit_cel="self.thresholds.map(t, has(t.workload) &&"
            " !self.workloads.exists(w, w.name == t.workload), t.workload)[0]",
        ),
        Rule(
            cel="!has(self.thresholds) || self.thresholds.all(t, !has(t.relativeToWorkload) ||"
            " self.workloads.exists(w, w.name == t.relativeToWorkload))",
            message="each relativeToWorkload of thresholds must be the name of one of workloads",
            holds=lambda self: not _unknown_references(self),
            culprit=lambda self: _unknown_references(self)[0],
            culprit_cel="self.thresholds.map(t, has(t.relativeToWorkload) &&"
            " !self.workloads.exists(w, w.name == t.relativeToWorkload),"
            " t.relativeToWorkload)[0]",
        ),
        Rule(
            cel=_after_cel(),
            message="each of after must be the name of an earlier workload in the list",
            holds=lambda self: not _after_unknown(self),
            culprit=lambda self: _after_unknown(self)[0],
            culprit_cel=_after_culprit_cel(),
        ),
        Rule(
            cel=_earlier_origins_cel(),
            message="mirror and sources must name earlier streams of the list, or streams that"
            " the target has",
            holds=lambda self: not _misplaced_origins(self),
        ),
        Rule(
            cel="self.workloads.all(w, !has(w.stream) || !has(self.streams) ||"
            " !has(w.publish) && !has(w.keyValue) && !has(w.objectStore) ||"
            " !self.streams.exists(s, s.name == w.stream && (has(s.mirror) || has(s.sources) &&"
            " (!has(s.subjects) || size(s.subjects) == 0))))",
            message="a stream with mirror, or with sources and without subjects, takes no messages"
            " of publish, keyValue and objectStore: they go to its origin",
            holds=lambda self: not _writers_to_copies(self),
        ),
        Rule(
            cel="self.workloads.all(w, !has(w.publish) ||"
            " (has(w.publish.subjects) && size(w.publish.subjects) > 0) ||"
            " !has(w.stream) || !has(self.streams) ||"
            " !self.streams.exists(s, s.name == w.stream && s.?useExisting.orValue(false)))",
            message="publish to a stream with useExisting needs publish.subjects",
            holds=_existing_have_subjects,
        ),
        Rule(
            cel="self.workloads.all(w, !has(w.consume) || !has(w.stream) ||"
            " has(w.consume.existingConsumer) ||"
            " (has(w.consume.filterSubjects) && size(w.consume.filterSubjects) > 0) ||"
            " !self.workloads.exists(p, has(p.publish) && has(p.publish.delaySeconds) &&"
            " has(p.stream) && p.stream == w.stream))",
            message="consume from a stream with delaySeconds needs filterSubjects: the subjects"
            " of the messages without those of the schedules",
            holds=_delayed_are_filtered,
        ),
        Rule(
            cel="self.workloads.all(w, !has(w.consume) || !has(w.consume.existingConsumer) ||"
            " !has(w.stream) || !has(self.streams) ||"
            " !self.streams.exists(s, s.name == w.stream && !s.?useExisting.orValue(false)))",
            message="consume.existingConsumer needs a stream with useExisting: a stream that the"
            " job creates has no other consumers",
            holds=_existing_consumers_have_existing_streams,
        ),
    )

    def has_schedules(self, stream: str | None) -> bool:
        """Whether a workload publishes to an entry of streams what is to be stored later."""
        return any(
            workload.publish is not None
            and workload.publish.delay_seconds is not None
            and workload.stream == stream
            for workload in self.workloads
        )

    @property
    def awaited(self) -> frozenset[str]:
        """The workloads that others begin after."""
        return frozenset(name for workload in self.workloads for name in workload.after)

    @property
    def gated(self) -> tuple[Workload, ...]:
        """The workloads that begin after others."""
        return tuple(workload for workload in self.workloads if workload.after)

    def before(self, workload: Workload) -> list[Workload]:
        """Return all that are over when a workload begins, in the order of the list."""
        names = set(workload.after)
        for earlier in reversed(self.workloads):
            if earlier.name in names:
                names.update(earlier.after)
        return [earlier for earlier in self.workloads if earlier.name in names]

    def without(self, names: Collection[str]) -> "JobSpec":
        """Return the job without some of its workloads."""
        left = [workload for workload in self.workloads if workload.name not in names]
        return self.model_copy(update={"workloads": left})
