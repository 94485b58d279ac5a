"""Work with the keys of a bucket."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import Order, SubjectFilter
from njst.contract.header_names import LAST_SUBJECT_SEQUENCE
from njst.contract.kinds.kind import SHORTEST_NUMBER, Kind, Predicate, stream_prefix_rule
from njst.contract.model import Message, Model, Rule


class KeyValueOperation(StrEnum):
    """Operations on keys."""

    PUT = "Put"
    GET = "Get"
    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    PURGE = "Purge"
    WATCH = "Watch"


class KeyValue(Model):
    """Work with the keys of a bucket: a stream whose name begins with KV_."""

    operation: KeyValueOperation = Field(
        description="What is done with each key. Create: the key must not exist. Update: the key"
        " must have the revision that the client knows; it learns the revision from its first"
        " write of the key and from each refusal. Delete leaves a marker; Purge leaves a marker"
        " and removes the history. Watch receives the last value of each key, then every change."
    )
    keys: int = Field(
        1_000, ge=1, le=10_000, description="Number of keys that each client has of its own."
    )
    shared_keys: bool = Field(
        False,
        description="All clients of all workers use the same keys instead of keys of their own.",
    )
    key_order: Order = Field(
        Order.SEQUENTIAL,
        description="Order in which keys are used. Sequential: one after the other; clients that"
        " share keys begin spread evenly over them, except that Create and Update all begin at"
        " the first key, so that they collide.",
    )
    value_bytes: int = Field(128, ge=0, le=8_388_608, description="Size of each value.")
    window: int = Field(
        1, ge=1, le=10_000, description="Requests that a client may have in flight."
    )
    watch_keys: SubjectFilter | None = Field(
        None,
        description="Keys that Watch receives; wildcards are allowed. Left out: all keys"
        " of the bucket.",
    )
    updates_only: bool = Field(
        False, description="Watch receives changes only, not the values that exist when it begins."
    )
    timeout_seconds: int = Field(
        5,
        ge=1,
        le=300,
        description="A request without an answer after this time is an error. A Watch with a"
        " number of messages gives up after this time without one.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.operation != 'Update' || self.window <= self.keys",
            message="window of Update must not exceed keys: each key has at most one update in"
            " flight",
            holds=lambda self: (
                self.operation is not KeyValueOperation.UPDATE or self.window <= self.keys
            ),
        ),
        Rule(
            cel="self.operation == 'Watch' || (!has(self.watchKeys) && !self.updatesOnly)",
            message="watchKeys and updatesOnly need operation Watch",
            holds=lambda self: (
                self.operation is KeyValueOperation.WATCH
                or (self.watch_keys is None and not self.updates_only)
            ),
        ),
    )

    @property
    def watches(self) -> bool:
        """Whether clients only receive changes."""
        return self.operation is KeyValueOperation.WATCH


class KeyValuePlan(Message):
    """Keys are `<prefix>.<n>` for n below `keys`, in the bucket whose stream is KV_<bucket>.

    `first_key` is the n that a Sequential order begins with. `is_from_leader`: Get asks the leader
    of the stream, not any replica.
    """

    operation: KeyValueOperation
    bucket: str
    prefix: str
    keys: int
    key_order: Order = Order.SEQUENTIAL
    first_key: int = 0
    value_bytes: int
    window: int = 1
    is_from_leader: bool = False
    timeout_ms: int


# Operations that write a value, and those that expect a revision of the key.
_WRITES = (KeyValueOperation.PUT, KeyValueOperation.CREATE, KeyValueOperation.UPDATE)
_EXPECTS = (KeyValueOperation.CREATE, KeyValueOperation.UPDATE)

KEY_VALUE = Kind(
    name="key_value",
    spec=KeyValue,
    plan=KeyValuePlan,
    can_be_paced=Predicate(
        lambda key_value: not key_value.watches, "self.keyValue.operation != 'Watch'"
    ),
    receives=lambda _: False,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=lambda key_value: (
        [("valueBytes", key_value.value_bytes)] if key_value.operation in _WRITES else []
    ),
    least_headers=lambda key_value, _: (
        [(LAST_SUBJECT_SEQUENCE, SHORTEST_NUMBER)] if key_value.operation in _EXPECTS else []
    ),
    consumers_per_stream=lambda key_value, clients, _: clients if key_value.watches else 1,
    workload_rules=(stream_prefix_rule("key_value", "KV_"),),
)
