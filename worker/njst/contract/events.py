"""The events of the job log, and their payloads.

An event's job and worker are in its subject (`njst.contract.names.mesh`), its time is the timestamp
of the stored message: the payload does not repeat them. A newer njst may add fields and events; an
older one ignores both.
"""

import json
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from njst.contract.model import Message
from njst.contract.results.comparison import LevelComparison, PinnedBaseline
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.preparation import Preparation
from njst.contract.results.readback import SliceResult, StreamConsumption, StreamReceipts
from njst.contract.results.report import Report, StoredReport, Verdict
from njst.contract.results.tallies import ControlOutages, LoadCost, WorkloadTally
from njst.contract.results.trial import SearchResult, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.spec.target import Target

# Version of the payloads below, in case a field must change its meaning.
SCHEMA = 1
# Fields that the spec got after the first log was written, with their defaults. A field that is
# added to the spec with a default other than None belongs in here; its default never changes then.
_LATER_FIELDS = {
    "queueTimeoutSeconds": JobSpec.model_fields["queue_timeout_seconds"].default,
    "target.discover": Target.model_fields["discover"].default,
}


class OriginKind(StrEnum):
    """How a job was submitted."""

    HTTP = "Http"
    RESOURCE = "Resource"
    BENCH = "Bench"


class Origin(Message):
    """Where a job came from; namespace and name are a resource's.

    `cluster` distinguishes clusters that share one NATS: only the job's own cluster may report that
    its resource is gone. An older njst left it empty; then only a cluster that has seen the
    resource may. `schedule` is the name of the NjstSchedule that made the resource; None: none did,
    or an older njst submitted it.
    """

    kind: OriginKind
    cluster: str = ""
    namespace: str = ""
    name: str = ""
    schedule: str | None = None


class Payload(Message):
    """The base of every event's payload."""

    schema_version: int = SCHEMA


class Created(Payload):
    """A job was created, with the participants alive at that moment, sorted."""

    spec: JobSpec
    participants: list[str]
    origin: Origin
    # SHA-256 of the submitted document, to detect a repeated submission.
    digest: str = ""
    # Opaque settings of the submitting API (the original njst's).
    settings: str = ""
    # Number of participants in each zone.
    zones: dict[str, int] = Field(default_factory=dict)
    # Number of workers that the submitter expects; 0: unknown.
    expected: int = 0
    # How long the job waited for workers to connect.
    waited_ms: int = 0
    # What its thresholds need of baselines; None: they need nothing.
    baselines: list[PinnedBaseline] | None = None
    # Fields of the spec that a newer njst knows and this one does not; see
    # `njst.contract.parsing.forward_compat`.
    unknown_fields: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_stand_ins(cls, data: Any) -> Any:
        """Leave out the bounds that `to_json` adds."""
        if isinstance(data, dict) and isinstance(data.get("spec"), dict):
            for threshold in _in_percent(data["spec"]):
                threshold.pop("atLeast", None)
        return data

    def to_json(self) -> bytes:
        """Return the event as the workers of all versions can read it.

        A worker from before a field of the spec declines a job that has it, so a job that does not
        use the field must not have it: during a rollout both versions run the job. So later fields
        that have their default are left out.

        To decline a job, a worker must be able to read its spec without the fields that it does
        not know. A threshold in percent would have no bound then, so it gets one that always holds.
        """
        document = json.loads(super().to_json())
        for threshold in _in_percent(document["spec"]):
            threshold["atLeast"] = 0
        for path, default in _LATER_FIELDS.items():
            part = document["spec"]
            *outer, name = path.split(".")
            for key in outer:
                part = part.get(key, {})
            if part.get(name) == default:
                del part[name]
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _in_percent(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the thresholds of a spec's document that are in percent of another value."""
    names = ("atMostPercent", "atLeastPercent")
    thresholds = spec.get("thresholds")
    return [
        threshold
        for threshold in (thresholds if isinstance(thresholds, list) else ())
        if isinstance(threshold, dict) and any(name in threshold for name in names)
    ]


class Ready(Payload):
    """A participant is prepared; with a problem, it cannot take part.

    A late participant reports the reason `StartTimeout`, and what it was still doing.
    """

    problem: Problem | None = None
    preparation: Preparation | None = None


class Started(Payload):
    """`run` begins at this event's stored time plus `lead_ms`."""

    run: list[str]
    lead_ms: int


class Cancelled(Payload):
    """The load stops; results so far count.

    With `before_start` the event is void if the job has started: its author may not have seen the
    start.
    """

    reason: str
    message: str = ""
    before_start: bool = False


class Done(Payload):
    """A participant has completed these workloads, for which others wait."""

    workloads: list[str]


class Begun(Payload):
    """These workloads begin at this event's stored time plus `lead_ms`."""

    workloads: list[str]
    lead_ms: int


class Finished(Payload):
    """A participant's final tallies, its acknowledged messages and its consumed messages.

    Without `receipts` it is from an older njst, which reads its own messages back.
    """

    outcome: Outcome
    problem: Problem | None = None
    workloads: list[WorkloadTally] = Field(default_factory=list)
    cost: LoadCost | None = None
    control: ControlOutages | None = None
    clock_error_us: int | None = None
    receipts: list[StreamReceipts] | None = None
    consumed: list[StreamConsumption] = Field(default_factory=list)


class SliceRead(Payload):
    """What a worker read of one slice of the streams; without a sight, it reads no more."""

    slice: int = 0
    sight: SliceResult | None = None


class Suspected(Payload):
    """Another worker suspects this silent worker; the projection decides whether it is lost."""

    silent_ms: int = 0


class Refuted(Payload):
    """The suspected worker refutes: it is alive."""


class Ended(Payload):
    """The job has ended: its report, or a shortened one and where the full report is stored."""

    report: Report
    stored: StoredReport | None = None


class Cleaned(Payload):
    """The job's assets are removed, except those named in `problems`."""

    problems: list[str] = Field(default_factory=list)


class Deleted(Payload):
    """The job is deleted: it is no longer listed."""


class ExperimentCreated(Payload):
    """An experiment was created. Its trials are jobs, whose ids begin with the experiment's."""

    spec: ExperimentSpec
    origin: Origin
    # SHA-256 of the submitted document, to detect a repeated submission.
    digest: str = ""
    # What the thresholds of its trials need of baselines; None: they need nothing.
    baselines: list[PinnedBaseline] | None = None


class Suspended(Payload):
    """No further trial of an experiment is created; the one that runs goes on.

    `generation` is that of the resource whose spec asks for it; 0: nobody's. An event of an earlier
    generation than one before it is void: its author had not seen the newer spec.
    """

    generation: int = 0


class Resumed(Payload):
    """Trials of an experiment are created again; `generation` as of `Suspended`."""

    generation: int = 0


class TrialEnded(Payload):
    """What a trial came to, so that the log may forget its job.

    The number of the trial stands in the subject in the place of a worker. `created_ns` and
    `ended_ns` are log times of its job in ns, `facts` what must be the same in all trials for their
    numbers to be comparable.
    """

    result: TrialResult
    created_ns: int
    ended_ns: int
    facts: dict[str, str] = Field(default_factory=dict)


class Concluded(Payload):
    """An experiment has ended.

    `outcome` is an `njst.experiments.experiment_state.ExperimentOutcome`. `omitted` names what was
    left out so that the event fits into a message.
    """

    outcome: str
    verdict: Verdict
    reason: str
    message: str = ""
    searches: list[SearchResult] = Field(default_factory=list)
    comparisons: list[LevelComparison] = Field(default_factory=list)
    omitted: str = ""


class Progress(Payload):
    """A participant's tallies so far, once a second, in a stream of their own."""

    elapsed_ms: int
    workloads: list[WorkloadTally] = Field(default_factory=list)
    cost: LoadCost | None = None
    problem: Problem | None = None


Event = (
    Created
    | Ready
    | Started
    | Done
    | Begun
    | Cancelled
    | Finished
    | SliceRead
    | Suspected
    | Refuted
    | Ended
    | Cleaned
    | Deleted
    | ExperimentCreated
    | Suspended
    | Resumed
    | TrialEnded
    | Concluded
)

# Events that are appended only if their subject is empty: the first one wins. Not `cancelled`: a
# void one must not block a valid one.
DECISIONS: frozenset[str] = frozenset(
    {"created", "started", "ended", "cleaned", "experiment", "trial", "concluded"}
)

EVENT_TYPES: dict[str, type[Payload]] = {
    "created": Created,
    "ready": Ready,
    "started": Started,
    "done": Done,
    "begun": Begun,
    "cancelled": Cancelled,
    "finished": Finished,
    "seen": SliceRead,
    "lost": Suspected,
    "alive": Refuted,
    "ended": Ended,
    "cleaned": Cleaned,
    "deleted": Deleted,
    "experiment": ExperimentCreated,
    "suspended": Suspended,
    "resumed": Resumed,
    "trial": TrialEnded,
    "concluded": Concluded,
}
EVENT_NAMES: dict[type[Payload], str] = {kind: name for name, kind in EVENT_TYPES.items()}
