"""A workload of a job: one kind of load, its length, and its shape."""

from typing import ClassVar

from pydantic import Field

from njst.contract.fields import Label, StreamName
from njst.contract.kinds.consume import Consume
from njst.contract.kinds.core import Core, CoreOperation
from njst.contract.kinds.get import Get, GetMode
from njst.contract.kinds.key_value import KeyValue
from njst.contract.kinds.management import Management
from njst.contract.kinds.object_store import ObjectStore
from njst.contract.kinds.publish import Publish, PublishMode
from njst.contract.model import Model, Rule
from njst.contract.spec.stages import Stage

_KINDS = ("publish", "consume", "get", "keyValue", "objectStore", "management", "core")
_ONE_KIND = f"exactly one of {', '.join(_KINDS[:-1])} and {_KINDS[-1]} must be set"
# So many streams or consumers may be made before the start, to be removed by the load.
_MAX_DELETED = 100_000
_STAGED = "(has(self.stages) && size(self.stages) > 0)"


class Workload(Model):
    """One kind of load, run by every participant at once.

    Its durations, instants and rates count from its own start, which is the same everywhere.
    """

    name: Label = Field(description="What the result calls it.")
    stream: StreamName | None = Field(
        None,
        description="Name of an entry of spec.streams. Core and management of streams have none.",
    )
    clients: int = Field(
        1, ge=1, le=256, description="NATS connections of each worker, for each of the streams."
    )
    messages: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000_000,
        description="How many in all, over all streams, workers and clients.",
    )
    duration_seconds: int | None = Field(
        None, ge=1, le=86_400, description="How long, from its start."
    )
    messages_per_second: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="Offered rate of all workers together: each message is due at its own instant,"
        " however the ones before fared, and its latency counts from there. Left out: as fast as"
        " it can.",
    )
    ramp_seconds: int = Field(
        0, ge=0, le=86_400, description="The offered rate grows evenly from nothing in this time."
    )
    stages: list[Stage] = Field(
        default_factory=list,
        max_length=32,
        description="An offered rate that changes: stages one after the other, instead of"
        " messages, durationSeconds, messagesPerSecond and rampSeconds.",
    )
    warmup_seconds: int = Field(
        0,
        ge=0,
        le=86_400,
        description="What is done in this time after the start is counted, but is in no rate and"
        " no latency.",
    )
    start_seconds: int = Field(
        0,
        ge=0,
        le=86_400,
        description="How long after the common start it begins; with after, how long after those"
        " are done.",
    )
    after: list[Label] = Field(
        default_factory=list,
        max_length=16,
        description="Names of workloads before it in the list. It begins when every worker is done"
        " with them.",
    )
    reconnect_seconds: int | None = Field(
        None,
        ge=0,
        le=604_800,
        description="How long a client whose connection broke tries to connect again before it"
        " fails; 0: each server is tried once. Left out: as long as the workload lasts.",
    )
    publish: Publish | None = Field(None, description="Publish messages.")
    consume: Consume | None = Field(None, description="Consume messages.")
    get: Get | None = Field(None, description="Read stored messages directly.")
    key_value: KeyValue | None = Field(None, description="Work with a key-value bucket.")
    object_store: ObjectStore | None = Field(None, description="Work with an object store.")
    management: Management | None = Field(
        None, description="Make, ask about and remove streams and consumers."
    )
    core: Core | None = Field(None, description="Core NATS, without JetStream.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"[{', '.join(f'has(self.{kind})' for kind in _KINDS)}]"
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
            message="messagesPerSecond cannot be set with stages: each of them has its own",
            holds=lambda self: not self.stages or self.messages_per_second is None,
        ),
        Rule(
            cel=f"!{_STAGED} || self.stages.exists(s, s.messagesPerSecond > 0)",
            message="one of stages must have messagesPerSecond over 0",
            holds=lambda self: (
                not self.stages or any(stage.messages_per_second for stage in self.stages)
            ),
        ),
        Rule(
            cel="has(self.management) || has(self.core) || has(self.stream)",
            message="stream must be set: the name of one of streams",
            holds=lambda self: (
                self.core is not None or self.management is not None or self.stream is not None
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
            message="warmupSeconds must be less than all stages together",
            holds=lambda self: not self.stages or self.warmup_seconds < self.length_seconds,
        ),
        Rule(
            cel=f"!(has(self.messagesPerSecond) || {_STAGED}) || ("
            "(!has(self.publish) || self.publish.mode in ['Synchronous', 'Asynchronous']) &&"
            " !has(self.consume) &&"
            " (!has(self.get) || self.get.mode != 'Batch') &&"
            " (!has(self.keyValue) || self.keyValue.operation != 'Watch') &&"
            " (!has(self.core) || self.core.operation in ['Publish', 'Request']))",
            message="an offered rate is for single messages that a client sends: not for consume,"
            " batches, Watch, Subscribe and Reply",
            holds=lambda self: not self.is_paced or self.can_be_paced,
        ),
        Rule(
            cel="!has(self.consume) || has(self.durationSeconds) ||"
            " (!has(self.consume.priority) && (self.consume.mode != 'Push' ||"
            " !has(self.consume.consumers) || self.consume.consumers == 'Own'))",
            message="consume with priority, and mode Push with consumers Shared, need"
            " durationSeconds: the server says who gets how many",
            holds=lambda self: (
                self.consume is None
                or self.duration_seconds is not None
                or (self.consume.priority is None and not self.consume.is_shared_push)
            ),
        ),
        Rule(
            cel="!has(self.keyValue) || !has(self.stream) || self.stream.startsWith('KV_')",
            message="the stream of a keyValue workload must begin with KV_",
            holds=lambda self: (
                self.key_value is None or self.stream is None or self.stream.startswith("KV_")
            ),
        ),
        Rule(
            cel="!has(self.objectStore) || !has(self.stream) || self.stream.startsWith('OBJ_')",
            message="the stream of an objectStore workload must begin with OBJ_",
            holds=lambda self: (
                self.object_store is None or self.stream is None or self.stream.startswith("OBJ_")
            ),
        ),
        Rule(
            cel="!has(self.management) ||"
            " has(self.stream) == self.management.operation.contains('Consumer')",
            message="management of consumers needs a stream, management of streams has none",
            holds=lambda self: (
                self.management is None
                or (self.stream is not None) == self.management.is_of_consumers
            ),
        ),
        Rule(
            cel="!has(self.management) || !self.management.operation.startsWith('Delete') ||"
            f" (has(self.messages) && self.messages <= {_MAX_DELETED})",
            message=f"DeleteStream and DeleteConsumer need messages, at most {_MAX_DELETED}: each"
            " is made before the start",
            holds=lambda self: (
                self.management is None
                or not self.management.deletes
                or (self.messages is not None and self.messages <= _MAX_DELETED)
            ),
        ),
    )

    @property
    def kinds(self) -> list[str]:
        """The names of the kinds that are set, CamelCase; exactly one in a valid workload."""
        kinds = {
            "Publish": self.publish,
            "Consume": self.consume,
            "Get": self.get,
            "KeyValue": self.key_value,
            "ObjectStore": self.object_store,
            "Management": self.management,
            "Core": self.core,
        }
        return [name for name, kind in kinds.items() if kind is not None]

    @property
    def receives(self) -> bool:
        """Whether its messages come from publishers, which may be other workers."""
        is_subscriber = self.core is not None and self.core.operation is CoreOperation.SUBSCRIBE
        return self.consume is not None or is_subscriber

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
        """Whether single messages leave a client, so that each can have its instant."""
        if self.publish is not None:
            return self.publish.mode in (PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS)
        if self.core is not None:
            return self.core.operation in (CoreOperation.PUBLISH, CoreOperation.REQUEST)
        if self.get is not None:
            return self.get.mode is not GetMode.BATCH
        if self.key_value is not None:
            return not self.key_value.watches
        return self.consume is None
