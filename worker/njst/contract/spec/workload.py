"""A workload of a job: one kind of load, its length, and its shape."""

from typing import Any, ClassVar

from pydantic import Field

from njst.contract.fields import MOST_JOB_SECONDS, MOST_RUN_SECONDS, Label, StreamName
from njst.contract.kinds.consume import Consume
from njst.contract.kinds.core import Core
from njst.contract.kinds.get import Get
from njst.contract.kinds.key_value import KeyValue
from njst.contract.kinds.kind import ALWAYS, NEVER, Kind
from njst.contract.kinds.management import Management
from njst.contract.kinds.object_store import ObjectStore
from njst.contract.kinds.publish import Publish
from njst.contract.kinds.registry import KINDS
from njst.contract.kinds.service import Service
from njst.contract.model import Model, Rule
from njst.contract.spec.stages import Stage

_FIELDS = [kind.field for kind in KINDS.values()]
_ONE_KIND = f"exactly one of {', '.join(_FIELDS[:-1])} and {_FIELDS[-1]} must be set"
_WITHOUT_STREAM = [kind.field for kind in KINDS.values() if not kind.needs_stream]
_STAGED = "(has(self.stages) && size(self.stages) > 0)"


def _can_be_paced_cel() -> str:
    """Return the condition of each kind that has one, in CEL."""
    terms = []
    for kind in KINDS.values():
        is_absent, cel = f"!has(self.{kind.field})", kind.can_be_paced.cel
        if kind.can_be_paced is NEVER:
            terms.append(is_absent)
        elif kind.can_be_paced is not ALWAYS:
            terms.append(f"({is_absent} || {cel})")
    return " && ".join(terms)


class Workload(Model):
    """One kind of load, run by every participant at once.

    Its durations, instants and rates count from its own start, which is the same everywhere.
    """

    name: Label = Field(description="Name in the result.")
    stream: StreamName | None = Field(
        None,
        description="Name of an entry of spec.streams. Core, service and management of streams"
        " have none.",
    )
    clients: int = Field(
        1, ge=1, le=256, description="NATS connections per worker, for each of the streams."
    )
    messages: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000_000,
        description="Number of messages in total, over all streams, workers and clients.",
    )
    duration_seconds: int | None = Field(
        None, ge=1, le=MOST_RUN_SECONDS, description="Duration, from the start of the workload."
    )
    messages_per_second: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="Open loop: offered rate of all workers together. Sends follow a fixed"
        " schedule, and latency is measured from the scheduled time. Left out: as fast as"
        " possible.",
    )
    ramp_seconds: int = Field(
        0,
        ge=0,
        le=MOST_RUN_SECONDS,
        description="Time in which the offered rate grows linearly from zero.",
    )
    stages: list[Stage] = Field(
        default_factory=list,
        max_length=32,
        description="An offered rate that changes: consecutive stages, instead of messages,"
        " durationSeconds, messagesPerSecond and rampSeconds.",
    )
    warmup_seconds: int = Field(
        0,
        ge=0,
        le=MOST_RUN_SECONDS,
        description="Operations completed within this time after the start are counted, but are"
        " in no rate and no latency.",
    )
    start_seconds: int = Field(
        0,
        ge=0,
        le=MOST_RUN_SECONDS,
        description="Delay of the start after the common start, or with after, after those"
        " workloads have ended.",
    )
    after: list[Label] = Field(
        default_factory=list,
        max_length=16,
        description="Names of earlier workloads in the list. This one begins when every worker"
        " has completed them.",
    )
    reconnect_seconds: int | None = Field(
        None,
        ge=0,
        le=MOST_JOB_SECONDS,
        description="How long a client that lost its connection tries to reconnect before it"
        " fails; 0: it tries each server once. Left out: as long as the workload lasts.",
    )
    publish: Publish | None = Field(None, description="Publish messages.")
    consume: Consume | None = Field(None, description="Consume messages.")
    get: Get | None = Field(None, description="Read stored messages directly.")
    key_value: KeyValue | None = Field(None, description="Work with a key-value bucket.")
    object_store: ObjectStore | None = Field(None, description="Work with an object store.")
    management: Management | None = Field(
        None, description="Create, inspect and delete streams and consumers."
    )
    core: Core | None = Field(None, description="Core NATS, without JetStream.")
    service: Service | None = Field(
        None, description="Requests to a service of the micro protocol, or the service itself."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"[{', '.join(f'has(self.{kind})' for kind in _FIELDS)}]"
            ".filter(kind, kind).size() == 1",
            message=_ONE_KIND,
            holds=lambda self: len(self.kinds) == 1,
        ),
        Rule(
            cel=f"[has(self.messages), has(self.durationSeconds), {_STAGED}]"
            ".filter(length, length).size() == 1",
            message="exactly one of messages, durationSeconds and stages must be set",
            holds=lambda self: (
                [self.messages is None, self.duration_seconds is None, not self.stages].count(False)
                == 1
            ),
        ),
        Rule(
            cel=f"!{_STAGED} || !has(self.messagesPerSecond)",
            message="messagesPerSecond cannot be set with stages: each stage has its own",
            holds=lambda self: not self.stages or self.messages_per_second is None,
        ),
        Rule(
            cel=f"!{_STAGED} || self.stages.exists(s, s.messagesPerSecond > 0)",
            message="at least one of stages must have messagesPerSecond over 0",
            holds=lambda self: (
                not self.stages or any(stage.messages_per_second for stage in self.stages)
            ),
        ),
        Rule(
            cel=" || ".join(f"has(self.{name})" for name in [*_WITHOUT_STREAM, "stream"]),
            message="stream must be set to the name of one of streams",
            holds=lambda self: (
                self.stream is not None or any(not kind.needs_stream for kind in self.kinds)
            ),
        ),
        Rule(
            cel="self.rampSeconds == 0 || has(self.messagesPerSecond)",
            message="rampSeconds needs messagesPerSecond",
            holds=lambda self: self.ramp_seconds == 0 or self.messages_per_second is not None,
        ),
        Rule(
            cel="!has(self.durationSeconds) || self.warmupSeconds < self.durationSeconds",
            message="warmupSeconds must be less than durationSeconds",
            holds=lambda self: (
                self.duration_seconds is None or self.warmup_seconds < self.duration_seconds
            ),
        ),
        Rule(
            cel=f"!{_STAGED} || self.warmupSeconds < self.stages.map(s, s.durationSeconds).sum()",
            message="warmupSeconds must be less than the sum of all stages",
            holds=lambda self: not self.stages or self.warmup_seconds < self.length_seconds,
        ),
        Rule(
            cel=f"!(has(self.messagesPerSecond) || {_STAGED}) || ({_can_be_paced_cel()})",
            message="an offered rate needs clients that send single messages: not consume,"
            " batches, Watch, Subscribe, Reply or Serve",
            holds=lambda self: not self.is_paced or self.can_be_paced,
        ),
        *(rule for kind in KINDS.values() for rule in kind.workload_rules),
    )

    @property
    def kinds(self) -> list[Kind[Any, Any]]:
        """The kinds that are set; exactly one in a valid workload."""
        return [kind for kind in KINDS.values() if getattr(self, kind.name) is not None]

    @property
    def kind(self) -> Kind[Any, Any]:
        """The kind of a valid workload."""
        return self.kinds[0]

    @property
    def kind_spec(self) -> Any:
        """The spec of the kind of a valid workload: the value of the field of its name."""
        return getattr(self, self.kind.name)

    @property
    def receives(self) -> bool:
        """Whether its messages come from publishers, which may be other workers."""
        return self.kind.receives(self.kind_spec)

    @property
    def length_seconds(self) -> int | None:
        """How long the workload runs; None when it ends with its messages."""
        if self.stages:
            return sum(stage.duration_seconds for stage in self.stages)
        return self.duration_seconds

    @property
    def is_paced(self) -> bool:
        """Whether each message has an instant."""
        return self.messages_per_second is not None or bool(self.stages)

    @property
    def can_be_paced(self) -> bool:
        """Whether a client sends single messages, so that each can have its due time."""
        return all(kind.can_be_paced.holds(getattr(self, kind.name)) for kind in self.kinds)
