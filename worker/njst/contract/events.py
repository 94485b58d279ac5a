"""The events of the job log and what each carries.

An event's job and worker stand in its subject (`njst.contract.names.mesh`), its time is the
stream's stored timestamp: neither is repeated here, so neither can disagree. A newer njst may add
fields and events; an older one ignores both.
"""

import json
from enum import StrEnum

from pydantic import Field

from njst.contract.model import Message
from njst.contract.results.outcome import Outcome, Problem
from njst.contract.results.readback import SliceResult, StreamConsumption, StreamReceipts
from njst.contract.results.report import Report, StoredReport
from njst.contract.results.tallies import ControlOutages, LoadCost, WorkloadTally
from njst.contract.spec.job import JobSpec
from njst.contract.spec.target import Target

# Version of the payloads below, for the day when a field must change its meaning.
SCHEMA = 1
# Fields that the spec got after the first log was written, with their defaults. A field that is
# added to the spec with a default other than None belongs in here; its default never changes then.
_LATER_FIELDS = {
    "queueTimeoutSeconds": JobSpec.model_fields["queue_timeout_seconds"].default,
    "target.discover": Target.model_fields["discover"].default,
}


class OriginKind(StrEnum):
    """Through which door a job came in."""

    HTTP = "Http"
    RESOURCE = "Resource"
    BENCH = "Bench"


class Origin(Message):
    """Where a job came from; namespace and name are a resource's.

    `cluster` tells clusters apart that share one NATS; only a job's own may say that its resource
    is gone. An older njst left it empty: nobody may say it of such a job without having seen it.
    """

    kind: OriginKind
    cluster: str = ""
    namespace: str = ""
    name: str = ""


class Payload(Message):
    """The base of what every event carries."""

    schema_version: int = SCHEMA


class Created(Payload):
    """A job exists, with the participants that were alive at that moment, sorted."""

    spec: JobSpec
    participants: list[str]
    origin: Origin
    # SHA-256 of the submitted document, by which a repeated submission is told from another one.
    digest: str = ""
    # What the submitting API wants to read back, kept as it came (the original njst's settings).
    settings: str = ""
    # How many of the participants are in each zone.
    zones: dict[str, int] = Field(default_factory=dict)
    # How many workers are wanted where the job came in; 0 where nobody has said.
    expected: int = 0
    # How long the job had waited for workers to be connected.
    waited_ms: int = 0
    # Fields of the spec that a newer njst knows and this one does not; see
    # `njst.contract.parsing.forward_compat`.
    unknown_fields: list[str] = Field(default_factory=list)

    def to_json(self) -> bytes:
        """Return the event without the later fields of the spec that have their default.

        A worker from before such a field declines a job that has it, so a job that does not use
        the field must not have it: during a rollout both versions run the job.
        """
        document = json.loads(super().to_json())
        for path, default in _LATER_FIELDS.items():
            part = document["spec"]
            *outer, name = path.split(".")
            for key in outer:
                part = part.get(key, {})
            if part.get(name) == default:
                del part[name]
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


class Ready(Payload):
    """A participant has prepared; with a problem it cannot take part.

    One that is late says so with the reason `StartTimeout`, and what it was still doing.
    """

    problem: Problem | None = None


class Started(Payload):
    """`run` begins at this event's stored time plus `lead_ms`."""

    run: list[str]
    lead_ms: int


class Cancelled(Payload):
    """Load stops; what was measured until then still counts.

    `before_start` says that the job must not begin: void once it has, because whoever appended it
    may have been cut off from the log meanwhile.
    """

    reason: str
    message: str = ""
    before_start: bool = False


class Done(Payload):
    """A participant has nothing more to do of these workloads, for which others wait."""

    workloads: list[str]


class Begun(Payload):
    """These workloads begin at this event's stored time plus `lead_ms`."""

    workloads: list[str]
    lead_ms: int


class Finished(Payload):
    """A participant's final tallies, what its producers were acknowledged and its consumers had.

    Without `receipts` it is of an njst that has looked for its own messages itself.
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
    """What a worker saw of one slice of the streams; without a sight it reads no more."""

    slice: int = 0
    sight: SliceResult | None = None


class Suspected(Payload):
    """An accusation: this worker has not been heard of. The fold judges it."""

    silent_ms: int = 0


class Refuted(Payload):
    """The accused is there after all."""


class Ended(Payload):
    """The final word on a job: its report, or the most of it and where the whole lies."""

    report: Report
    stored: StoredReport | None = None


class Cleaned(Payload):
    """What the job made is gone, but for what `problems` names."""

    problems: list[str] = Field(default_factory=list)


class Deleted(Payload):
    """The job is no longer shown."""


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
)

# Events that are appended only when their subject is empty: the first one wins. Not `cancelled`: a
# void one must not keep a valid one out.
DECISIONS: frozenset[str] = frozenset({"created", "started", "ended", "cleaned"})

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
}
EVENT_NAMES: dict[type[Payload], str] = {kind: name for name, kind in EVENT_TYPES.items()}
