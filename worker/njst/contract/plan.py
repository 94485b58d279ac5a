"""A participant's share of a job as its load processes get it, computed to the message.

The agent makes the plan (`njst.planning`), the engine runs it (`njst.load`). It stays on one host,
so it may have resolved addresses and credentials; it is never written to the log.
"""

from pydantic import Field

from njst.contract.connection import API_PREFIX, Connection
from njst.contract.kinds.consume import ConsumePlan
from njst.contract.kinds.core import CorePlan
from njst.contract.kinds.get import GetPlan
from njst.contract.kinds.key_value import KeyValuePlan
from njst.contract.kinds.management import ManagementPlan
from njst.contract.kinds.object_store import ObjectStorePlan
from njst.contract.kinds.publish import PublishPlan, ReadBackPlan
from njst.contract.kinds.registry import KINDS
from njst.contract.kinds.service import ServicePlan
from njst.contract.model import Message
from njst.contract.results.preparation import Preparation
from njst.contract.results.readback import StreamReceipts


class ArrivalPiece(Message):
    """A time in which the rate of all clients together changes linearly.

    Without `ms` it is open-ended, the last piece, and its rate is constant.
    """

    ms: int | None = None
    begin_per_second: int
    end_per_second: int


class ArrivalPlan(Message):
    """Due times of one client's messages: every `parts`-th message of the workload.

    Message k of the client is number `k * parts + index` of the workload.
    """

    pieces: list[ArrivalPiece]
    parts: int
    index: int


class ClientPlan(Message):
    """One NATS connection: exactly one of `messages` and `duration_ms`, and one kind.

    `number` is the index of the workload in the spec, `index` that of the client within the
    workload over all workers and streams; both identify the producer in its messages. `siblings`
    is the number of clients in its process: the more there are, the fewer frames each prebuilds.
    """

    workload: str
    number: int = 0
    index: int
    siblings: int = 1
    # The number of the client among all of the job: it begins with the server of this place.
    place: int = 0
    # Prefix of JetStream API subjects: the connection's `js_api`.
    api_prefix: str = API_PREFIX
    messages: int | None = None
    duration_ms: int | None = None
    warmup_ms: int = 0
    start_ms: int = 0
    # Whether it waits for a signal to begin; `start_ms` counts from then.
    is_gated: bool = False
    # How long it tries to reconnect; None: as long as the workload lasts.
    reconnect_ms: int | None = None
    # What the target lacks, so that the client does not even connect; empty: it runs.
    skipped: str = ""
    pace: ArrivalPlan | None = None
    publish: PublishPlan | None = None
    consume: ConsumePlan | None = None
    get: GetPlan | None = None
    key_value: KeyValuePlan | None = None
    object_store: ObjectStorePlan | None = None
    management: ManagementPlan | None = None
    core: CorePlan | None = None
    service: ServicePlan | None = None

    @property
    def timeout_ms(self) -> int:
        """Time-out of an answer, or of a message, of a client that is not skipped."""
        kind = next(kind for kind in KINDS.values() if getattr(self, kind.name) is not None)
        return kind.timeout_ms(getattr(self, kind.name))


class LoadPlan(Message):
    """All clients of one job on one worker."""

    job: str
    connection: Connection
    clients: list[ClientPlan]


class Provisioned(Message):
    """The clients that a participant loads, and what its preparation found out."""

    clients: list[ClientPlan] = Field(default_factory=list)
    # Servers that the target's cluster has named, as `host:port`.
    found: list[str] = Field(default_factory=list)
    preparation: Preparation | None = None


class Receipt(Message):
    """Messages acknowledged to one producer: `count` of them, in ranges [begin, end) of numbers.

    It sent the numbers below `sent`. `code` identifies it in the stamps of its messages. `marks`
    are some of its acknowledgements: number, sequence, and time in ms since the Unix epoch.
    """

    workload: str
    code: int
    sent: int
    count: int
    acknowledged: list[tuple[int, int]] = Field(default_factory=list)
    marks: list[tuple[int, int, int]] = Field(default_factory=list)
    read_back: ReadBackPlan


class Consumption(Message):
    """Messages of a producer that one load process consumed: ranges [begin, end)."""

    stream: str
    code: int
    numbers: list[tuple[int, int]] = Field(default_factory=list)


class RangePlan(Message):
    """A range of a stream to read: after `after`, up to `upto`; None: to the end.

    If both are equal, only the state of the stream is read.
    """

    stream: str
    after: int
    upto: int | None = None


class LostProducer(Message):
    """A producer of a lost worker, identified as in its client's plan."""

    worker: str
    workload: str
    stream: str
    number: int
    index: int


class SlicePlan(Message):
    """One slice of the streams, and the messages acknowledged to all producers of the job.

    The result has at most `max_bytes`. Messages of the `lost` producers are counted.
    """

    job: str
    connection: Connection
    pieces: list[RangePlan]
    receipts: list[StreamReceipts]
    lost: list[LostProducer] = Field(default_factory=list)
    max_bytes: int
