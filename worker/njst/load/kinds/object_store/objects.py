"""Objects of a store (ADR-20): a whole object is one request, from its first call to its last.

A client has one object in flight at a time, and does what client libraries do. Put: get the old
description, store the chunks and the new description, and purge the old chunks. Get: get the
description, and have the chunks pushed by an ordered consumer. All answers come to the number of
the object; late ones are ignored.
"""

from collections.abc import Sequence
from dataclasses import replace

from njst.contract.kinds.object_store import ObjectStoreOperation
from njst.contract.plan import ClientPlan
from njst.load.kinds.object_store.object_steps import (
    Content,
    DeleteSteps,
    GetSteps,
    PutSteps,
    Steps,
)
from njst.load.kinds.object_store.store_frames import StoreFrames
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import Failure, delivery_of, status_of
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import RequestCodec
from njst.load.templates.subjects import draw, rows_for

_DELIVERY_SID = 2


class ObjectCodec(RequestCodec):
    """The objects of one client, one after the other."""

    def __init__(self, plan: ClientPlan, inbox: str, nuid_prefix: str) -> None:
        """`nuid_prefix`: 12 characters that no other client has."""
        super().__init__()
        store = plan.object_store
        assert store is not None
        self._store = store
        self._frames = StoreFrames(store.bucket, plan.api_prefix, inbox)
        rows = rows_for(store.objects)
        self._order = draw(store.object_order, store.objects, rows, plan.index)
        self._nuid_prefix = nuid_prefix
        self._content = Content(store, plan.index)
        self._steps: dict[int, Steps] = {}
        # Frames that belong to no object in flight: flow control and clean-up.
        self._unbound: list[bytes] = []

    def opening(self) -> bytes:
        """Subscribe to the chunks that are pushed."""
        return encoder.sub(self._frames.deliver, _DELIVERY_SID)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to send besides what belongs to an object in flight."""
        return not self._unbound

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the first call of an object: for its description."""
        out = []
        for number in range(first, first + count):
            name = f"{self._store.prefix}-{self._order[number % len(self._order)]}"
            self._steps[number] = self._begin(name, number)
            out.append(self._frames.info(name, number))
        return b"".join(out)

    def _begin(self, name: str, number: int) -> Steps:
        nuid = f"{self._nuid_prefix}{number:010x}"
        if self._store.operation is ObjectStoreOperation.GET:
            return GetSteps(self._store, self._frames, number)
        if self._store.operation is ObjectStoreOperation.DELETE:
            return DeleteSteps(self._store, self._frames, number)
        return PutSteps(self._store, self._frames, number, name, nuid, self._content.chunks(number))

    def translate(self, frame: MessageFrame) -> MessageFrame | None:
        """Return a chunk, which has the subject that it is stored by, as an answer to its object.

        Flow control of the consumer is answered: the server waits for that.
        """
        if frame.sid != _DELIVERY_SID:
            return frame
        if status_of(frame) is None:
            return replace(frame, subject=b"." + _number_of(frame.reply))
        if frame.reply:
            self._unbound.append(encoder.pub(frame.reply.decode(), b""))
        return None

    def more(self, log_ns: int) -> bytes:  # noqa: ARG002 - the protocol's
        """Return the next frame of the object in flight, a chunk at a time."""
        if self._unbound:
            out = b"".join(self._unbound)
            self._unbound.clear()
            return out
        for steps in self._steps.values():
            if out := steps.more():
                return out
        return b""

    def answer(self, number: int, message: MessageFrame) -> int | Failure | None:
        """Return the size of an object when it is complete, or why it failed."""
        steps = self._steps.get(number)
        if steps is None:
            return None
        outcome = steps.answer(message)
        if outcome is not None:
            self.forget([number])
        return outcome

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop objects, and delete what they leave behind on the server."""
        for number in numbers:
            steps = self._steps.pop(number, None)
            if steps is not None and (clean_up := steps.clean_up()):
                self._unbound.append(clean_up)


def _number_of(reply: bytes) -> bytes:
    """Return the number of the object whose consumer delivers with this ACK subject."""
    delivery = delivery_of(reply)
    consumer = delivery.prefix.split(b".")[-3] if delivery is not None else b""
    return consumer.rpartition(b"-")[2]
