"""Work with the objects of an object store."""

from enum import StrEnum

from pydantic import Field

from njst.contract.fields import Order
from njst.contract.kinds.kind import ALWAYS, Kind, stream_prefix_rule
from njst.contract.model import Message, Model


class ObjectStoreOperation(StrEnum):
    """Operations on objects."""

    PUT = "Put"
    GET = "Get"
    DELETE = "Delete"


class ObjectStore(Model):
    """Work with the objects of a store: a stream whose name begins with OBJ_."""

    operation: ObjectStoreOperation = Field(
        description="Put stores an object in chunks and replaces the previous one. Get reads it"
        " and checks its digest. Delete leaves a marker."
    )
    objects: int = Field(
        10, ge=1, le=10_000, description="Number of objects that each client has of its own."
    )
    object_order: Order = Field(Order.SEQUENTIAL, description="Order in which objects are used.")
    object_bytes: int = Field(
        1_048_576, ge=0, le=1_073_741_824, description="Size of each object that is put."
    )
    chunk_bytes: int = Field(
        131_072,
        ge=64,
        le=8_388_608,
        description="Size of the messages that an object is split into.",
    )
    window: int = Field(
        16, ge=1, le=1_000, description="Chunks of a Put that may wait for an acknowledgement."
    )
    timeout_seconds: int = Field(
        30, ge=1, le=3600, description="An object that is not complete after this time is an error."
    )


class ObjectStorePlan(Message):
    """Objects are named `<prefix>-<n>` for n below `objects`, in the store of stream OBJ_<bucket>.

    Each Get creates a consumer: its name begins with `consumer`, its metadata has the `job`.
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


OBJECT_STORE = Kind(
    name="object_store",
    spec=ObjectStore,
    plan=ObjectStorePlan,
    can_be_paced=ALWAYS,
    receives=lambda _: False,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=lambda store: [("chunkBytes", store.chunk_bytes)],
    # A Get makes a consumer for each object, one at a time.
    consumers_per_stream=lambda _, clients, __: clients,
    workload_rules=(stream_prefix_rule("object_store", "OBJ_"),),
)
