"""A participant's share of a job as its load processes get it: no shares left to compute.

The agent makes the plan (`njst.planning`), the engine runs it (`njst.load`). It crosses a
process boundary on one host only, so it carries resolved addresses and credentials; it is never
written to the log.
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
from njst.contract.results.readback import StreamReceipts


class ArrivalPiece(Message):
    """A time in which the rate of all clients together goes evenly from `begin` to `end`.

    Without `ms` it has no end, and is the last one; its rate does not change.
    """

    ms: int | None = None
    begin_per_second: int
    end_per_second: int


class ArrivalPlan(Message):
    """The instants of one client's messages: every `parts`-th of the whole workload's.

    Message k of the client is number `k * parts + index` of the workload.
    """

    pieces: list[ArrivalPiece]
    parts: int
    index: int


class ClientPlan(Message):
    """One NATS connection: exactly one of `messages` and `duration_ms`, and one kind.

    `number` is the workload's place in the spec, `index` this client's within the workload over
    all workers and streams; both together name a producer in the messages that it sends.
    `siblings` is how many clients share its process: what each keeps ready shrinks with it.
    """

    workload: str
    number: int = 0
    index: int
    siblings: int = 1
    # What JetStream's API subjects begin with: the connection's `js_api`.
    api_prefix: str = API_PREFIX
    messages: int | None = None
    duration_ms: int | None = None
    warmup_ms: int = 0
    start_ms: int = 0
    # Whether it begins only when it is told to; `start_ms` counts from then.
    is_gated: bool = False
    # How long it tries to connect again after a break; None: as long as the workload lasts.
    reconnect_ms: int | None = None
    # Why it does nothing at all, not even connect: what the target lacks.
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
        """How long an answer is waited for, or a message; of a client that is not skipped."""
        kind = next(kind for kind in KINDS.values() if getattr(self, kind.name) is not None)
        return kind.timeout_ms(getattr(self, kind.name))


class LoadPlan(Message):
    """Everything that one worker runs of one job."""

    job: str
    connection: Connection
    clients: list[ClientPlan]


class Receipt(Message):
    """What one producer was acknowledged: `count` messages, in ranges [begin, end) of numbers.

    It sent the numbers below `sent`. `code` is what names it in the stamps of its messages. `marks`
    are some of its acknowledgements: number, sequence, and when in ms since the Unix epoch.
    """

    workload: str
    code: int
    sent: int
    count: int
    acknowledged: list[tuple[int, int]] = Field(default_factory=list)
    marks: list[tuple[int, int, int]] = Field(default_factory=list)
    read_back: ReadBackPlan


class Consumption(Message):
    """What consumers of one load process had of a producer's messages: ranges [begin, end)."""

    stream: str
    code: int
    numbers: list[tuple[int, int]] = Field(default_factory=list)


class RangePlan(Message):
    """A piece of a stream to be read: behind `after`, up to `upto`, or to the end without it.

    Where both are the same, only the stream's state is asked for.
    """

    stream: str
    after: int
    upto: int | None = None


class LostProducer(Message):
    """A producer of a lost worker, named as its client's plan named it."""

    worker: str
    workload: str
    stream: str
    number: int
    index: int


class SlicePlan(Message):
    """One slice of the streams, and what all producers of the job were acknowledged.

    What was seen is told in at most `max_bytes`. Of the `lost` producers messages are counted.
    """

    job: str
    connection: Connection
    pieces: list[RangePlan]
    receipts: list[StreamReceipts]
    lost: list[LostProducer] = Field(default_factory=list)
    max_bytes: int
