"""A participant's share of a job as its load processes get it: no shares left to compute.

The agent makes the plan (`njst.planning`), the engine runs it (`njst.load`). It crosses a
process boundary on one host only, so it carries resolved addresses and credentials; it is never
written to the log.
"""

from pydantic import Field

from njst.contract.connection import API_PREFIX, Connection
from njst.contract.kinds.consume import AckPolicy, ConsumeMode
from njst.contract.kinds.core import CoreOperation
from njst.contract.kinds.get import GetMode
from njst.contract.kinds.key_value import KeyValueOperation
from njst.contract.kinds.management import ManagementOperation
from njst.contract.kinds.object_store import ObjectStoreOperation
from njst.contract.kinds.order import Order
from njst.contract.kinds.priority import PriorityPolicy
from njst.contract.kinds.publish import Expect, PublishMode
from njst.contract.model import Message
from njst.contract.results.readback import StreamBefore, StreamReceipts
from njst.contract.spec.stream import Storage


class PacePiece(Message):
    """A time in which the rate of all clients together goes evenly from `begin` to `end`.

    Without `ms` it has no end, and is the last one; its rate does not change.
    """

    ms: int | None = None
    begin_per_second: int
    end_per_second: int


# What a message carries at the beginning of its payload (njst.load.protocol.stamp); one that is
# shorter has none. It stands here so that a worker knows it without the engine, and so without
# numpy.
STAMP_BYTES = 32


class PacePlan(Message):
    """The instants of one client's messages: every `parts`-th of the whole workload's.

    Message k of the client is number `k * parts + index` of the workload.
    """

    pieces: list[PacePiece]
    parts: int
    index: int


class PayloadPlan(Message):
    """Sizes in bytes, spread evenly, and how much of each is blank; or the content of a file.

    With `file`, a path, both sizes are the mean, and `variants` says how many payloads it has.
    """

    bytes_min: int
    bytes_max: int
    compressible_percent: int = 0
    file: str = ""
    lines: bool = False
    variants: int = 1


class ReadBackPlan(Message):
    """Where to look for what was acknowledged: in a stream, behind a sequence.

    `obstacle` says in one CamelCase word why looking would prove nothing; empty: it does.
    """

    stream: str
    after_sequence: int = 0
    obstacle: str = ""
    # What the stream was at the set-up.
    before: StreamBefore | None = None


class PublishPlan(Message):
    """Each subject stands for `subject_count` of them when that is over 1.

    `first_subject` is the number of the one that a Sequential order begins with.
    """

    # The stream that is to store the messages; empty: whichever does.
    stream: str = ""
    mode: PublishMode
    window: int
    batch: int = 100
    payload: PayloadPlan
    subjects: list[str]
    subject_count: int = 1
    subject_order: Order = Order.SEQUENTIAL
    first_subject: int = 0
    message_ids: bool = False
    duplicate_percent: int = 0
    headers: list[tuple[str, str]] = Field(default_factory=list)
    expect: Expect = Expect.NONE
    delay_ms: int = 0
    # Whether few reply subjects are used in turns.
    reuses_replies: bool = False
    # The stream's last sequence at the time of the set-up.
    last_sequence: int = 0
    ack_timeout_ms: int
    read_back: ReadBackPlan | None = None


class PriorityPlan(Message):
    """How one client asks a consumer that prefers some (ADR-42); 0 leaves a number out."""

    policy: PriorityPolicy
    group: str
    min_pending: int = 0
    min_ack_pending: int = 0
    # 0 is served first.
    level: int = 0


# How often a server says that a client's own push consumer is there.
PUSH_HEARTBEAT_MS = 5_000


class ClockPlan(Message):
    """A server's clock: what CLOCK_MONOTONIC lacks to it, known so well at an instant of that."""

    offset_ns: int
    error_ns: int
    at_ns: int


class ConsumePlan(Message):
    """The consumer is there already: set-up made it. A push consumer delivers to `deliver`.

    Clients of a `deliver_group` share what is delivered. `heartbeat_ms` is of pulls, or of the
    consumer that pushes; 0: it has none.
    """

    mode: ConsumeMode = ConsumeMode.PULL
    stream: str
    consumer: str
    deliver: str = ""
    deliver_group: str = ""
    ack: AckPolicy
    batch: int
    pulls: int = 2
    max_bytes: int = 0
    expires_ms: int = 5_000
    heartbeat_ms: int = 0
    ack_wait_ms: int = 30_000
    nak_percent: int = 0
    nak_delay_ms: int = 0
    terminate_percent: int = 0
    ignore_percent: int = 0
    slow_percent: int = 0
    processing_ms: int = 0
    priority: PriorityPlan | None = None
    idle_timeout_ms: int
    verify: bool = True
    # Whether each message is noted that comes: the stream will not have it any more.
    is_noted: bool = False
    # The configuration of a consumer that is made again when it is gone, as JSON; empty: it is not.
    again: str = ""
    # The clock of the server that stores the stream; None: unknown.
    store_clock: ClockPlan | None = None


class GetPlan(Message):
    """Sequences from 1 to the stream's last one at the time of the set-up, or subjects.

    `first` is the number, from 0, of the sequence or subject that a Sequential order begins with.
    """

    mode: GetMode
    stream: str
    order: Order = Order.SEQUENTIAL
    window: int = 1
    batch: int = 100
    subjects: list[str] = Field(default_factory=list)
    subject_count: int = 1
    last_sequence: int = 0
    first: int = 0
    timeout_ms: int


class KeyValuePlan(Message):
    """Keys are `<prefix>.<n>` for n below `keys`, in the bucket whose stream is KV_<bucket>.

    `first_key` is the n that a Sequential order begins with.
    """

    operation: KeyValueOperation
    bucket: str
    prefix: str
    keys: int
    key_order: Order = Order.SEQUENTIAL
    first_key: int = 0
    value_bytes: int
    window: int = 1
    timeout_ms: int


class ObjectStorePlan(Message):
    """Objects are named `<prefix>-<n>` for n below `objects`, in the store of stream OBJ_<bucket>.

    Each Get has a consumer whose name begins with `consumer`; its metadata names the `job`.
    """

    operation: ObjectStoreOperation
    job: str
    bucket: str
    prefix: str
    consumer: str
    objects: int
    object_order: Order = Order.SEQUENTIAL
    object_bytes: int
    chunk_bytes: int
    window: int = 1
    timeout_ms: int


class ManagementPlan(Message):
    """Streams, or consumers of `stream`, that carry the id of `job` and are named `<prefix>-<n>`.

    Those that stay, `assets` of them, are named `<prefix>-s<n>`.
    """

    operation: ManagementOperation
    job: str
    # The log that the job is in.
    log: str = ""
    stream: str = ""
    prefix: str
    assets: int = 0
    storage: Storage = Storage.FILE
    replicas: int = 1
    window: int = 1
    timeout_ms: int


class CorePlan(Message):
    """Core NATS on one subject; what is published there goes into `stream`, if one takes it.

    That had `last_sequence` at the set-up.
    """

    operation: CoreOperation
    subject: str
    payload_bytes: int
    window: int = 1
    timeout_ms: int
    stream: str = ""
    last_sequence: int = 0


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
    pace: PacePlan | None = None
    publish: PublishPlan | None = None
    consume: ConsumePlan | None = None
    get: GetPlan | None = None
    key_value: KeyValuePlan | None = None
    object_store: ObjectStorePlan | None = None
    management: ManagementPlan | None = None
    core: CorePlan | None = None


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


class PiecePlan(Message):
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


class AuditPlan(Message):
    """One slice of the streams, and what all producers of the job were acknowledged.

    What was seen is told in at most `max_bytes`. Of the `lost` producers messages are counted.
    """

    job: str
    connection: Connection
    pieces: list[PiecePlan]
    receipts: list[StreamReceipts]
    lost: list[LostProducer] = Field(default_factory=list)
    max_bytes: int
