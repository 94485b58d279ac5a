"""Put, Get and Delete of one object (ADR-20), answer by answer."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Protocol

from njst.contract.kinds.object_store import ObjectStorePlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.object_store.store_frames import DIGEST, ObjectInfo, StoreFrames, parse_info
from njst.load.protocol.jetstream_answers import (
    Failure,
    api_failure,
    delivery_of,
    get_failure,
    publish_answer,
)
from njst.load.protocol.parser import MessageFrame

# Each chunk begins with a mark that no other has, and goes on with random bytes.
_MARK = b"%08x%08x%08x"
# The random bytes repeat after this many, beyond the window of a stream's compression (S2).
_POOL_BYTES = 4 * 1024 * 1024


class Steps(Protocol):
    """The steps of one object after the first call, which gets its description."""

    def answer(self, message: MessageFrame) -> int | Failure | None:
        """Take an answer; return the bytes of the complete object, or why it failed."""
        ...

    def more(self) -> bytes:
        """Return the next frame; nothing when answers must come first."""
        ...

    def clean_up(self) -> bytes:
        """Return what deletes the object's leftovers on the server."""
        ...


@cache
def _random_bytes(size: int) -> bytes:
    """Return random bytes that all clients of a process share."""
    return Random(size).randbytes(size)  # noqa: S311 - payload, not a secret


class Content:
    """The chunks of objects, no two of a client alike."""

    def __init__(self, store: ObjectStorePlan, index: int) -> None:
        self._sizes = (store.object_bytes, min(store.chunk_bytes, max(1, store.object_bytes)))
        self._index = index
        self._pool = _random_bytes(_POOL_BYTES + self._sizes[1])

    def chunks(self, number: int) -> Iterator[bytes]:
        """Return the chunks of object `number`."""
        whole, size = self._sizes
        for place, begin in enumerate(range(0, whole, size)):
            mark = _MARK % (self._index, number, place)
            length = min(size, whole - begin)
            at = (number * whole + begin) % _POOL_BYTES
            yield (mark + self._pool[at + len(mark) : at + length])[:length]


def _described(message: MessageFrame) -> ObjectInfo | Failure:
    failure = get_failure(message)
    if failure is not None:
        return failure
    try:
        return parse_info(message.payload)
    except ValueError as error:
        return Failure(ErrorClass.PROTOCOL, str(error))


class PutSteps:
    """Get the old description, store chunks and description, purge the old chunks."""

    def __init__(
        self,
        store: ObjectStorePlan,
        frames: StoreFrames,
        number: int,
        name: str,
        nuid: str,
        chunks: Iterator[bytes],
    ) -> None:
        self._store, self._frames, self._number = store, frames, number
        self._name, self._nuid = name, nuid
        self._chunks: Iterator[bytes] | None = chunks
        self._digest = hashlib.sha256()
        self._old = ""
        self._asked = False
        self._sent = 0
        self._unacknowledged = 0
        self._describing = False
        self._described = False
        self._out = b""

    def more(self) -> bytes:
        if self._out:
            out, self._out = self._out, b""
            return out
        if not self._asked or self._chunks is None or self._unacknowledged >= self._store.window:
            return b""
        chunk = next(self._chunks, None)
        if chunk is None:
            self._chunks = None
            return self._describe() if self._unacknowledged == 0 else b""
        self._digest.update(chunk)
        self._sent += 1
        self._unacknowledged += 1
        return self._frames.chunk(self._nuid, chunk, self._number)

    def _describe(self) -> bytes:
        self._describing = True
        digest = DIGEST + urlsafe_b64encode(self._digest.digest()).decode()
        info = ObjectInfo(self._name, self._nuid, self._store.object_bytes, self._sent, digest)
        return self._frames.describe(info, self._store.chunk_bytes, self._number)

    def answer(self, message: MessageFrame) -> int | Failure | None:
        if not self._asked:
            return self._take_old(message)
        if self._described:
            return api_failure(message) or self._store.object_bytes
        answer = publish_answer(message)
        if isinstance(answer, Failure):
            self._describing = False
            return answer
        if self._unacknowledged:
            self._unacknowledged -= 1
            if self._chunks is None and self._unacknowledged == 0:
                self._out = self._describe()
            return None
        self._described = True
        if not self._old:
            return self._store.object_bytes
        self._out = self._frames.purge(self._old, self._number)
        return None

    def _take_old(self, message: MessageFrame) -> Failure | None:
        self._asked = True
        info = _described(message)
        if isinstance(info, Failure):
            return None if info.error_class is ErrorClass.NOT_FOUND else info
        self._old = "" if info.deleted else info.nuid
        return None

    def clean_up(self) -> bytes:
        """Remove the chunks of an object that is certainly not described."""
        if self._describing or not self._sent:
            return b""
        return self._frames.purge(self._nuid, self._number)


class DeleteSteps:
    """Get the description, replace it by a marker, purge the chunks."""

    def __init__(self, store: ObjectStorePlan, frames: StoreFrames, number: int) -> None:
        self._store, self._frames, self._number = store, frames, number
        self._nuid = ""
        self._marked = False
        self._out = b""

    def more(self) -> bytes:
        out, self._out = self._out, b""
        return out

    def answer(self, message: MessageFrame) -> int | Failure | None:
        if self._marked:
            return _zero(api_failure(message))
        if self._nuid:
            answer = publish_answer(message)
            if isinstance(answer, Failure):
                return answer
            self._marked = True
            self._out = self._frames.purge(self._nuid, self._number)
            return None
        info = _described(message)
        if isinstance(info, Failure):
            return info
        if info.deleted:
            return Failure(ErrorClass.NOT_FOUND, "the object is deleted")
        self._nuid = info.nuid
        marker = ObjectInfo(info.name, info.nuid, 0, 0, "", deleted=True)
        self._out = self._frames.describe(marker, self._store.chunk_bytes, self._number)
        return None

    def clean_up(self) -> bytes:
        return b""


def _zero(failure: Failure | None) -> int | Failure:
    return 0 if failure is None else failure


class GetSteps:
    """Get the description, create a consumer, take the chunks and check their digest."""

    def __init__(self, store: ObjectStorePlan, frames: StoreFrames, number: int) -> None:
        self._frames, self._number = frames, number
        self._consumer = f"{store.consumer}-{number:010x}"
        self._job = store.job
        self._info: ObjectInfo | None = None
        self._digest = hashlib.sha256()
        self._taken = 0
        self._size = 0
        self._out = b""

    def more(self) -> bytes:
        out, self._out = self._out, b""
        return out

    def answer(self, message: MessageFrame) -> int | Failure | None:
        if self._info is None:
            return self._take_info(message)
        if not message.reply:
            return api_failure(message)
        return self._take_chunk(self._info, message)

    def _take_info(self, message: MessageFrame) -> int | Failure | None:
        info = _described(message)
        if isinstance(info, Failure):
            return info
        if info.deleted:
            return Failure(ErrorClass.NOT_FOUND, "the object is deleted")
        self._info = info
        if not info.chunks:
            return self._complete(info)
        self._out = self._frames.consume(self._consumer, info.nuid, self._job, self._number)
        return None

    def _take_chunk(self, info: ObjectInfo, message: MessageFrame) -> int | Failure | None:
        delivery = delivery_of(message.reply)
        if delivery is None:
            return Failure(ErrorClass.PROTOCOL, f"not an ACK subject: {message.reply[:80]!r}")
        self._taken += 1
        if delivery.consumer_sequence != self._taken:
            words = f"delivery {delivery.consumer_sequence} in place of {self._taken}"
            return Failure(ErrorClass.GAP, words)
        self._digest.update(message.payload)
        self._size += len(message.payload)
        if delivery.pending and self._taken < info.chunks:
            return None
        return self._complete(info)

    def _complete(self, info: ObjectInfo) -> int | Failure:
        if self._taken != info.chunks:
            return Failure(ErrorClass.LOST, f"{self._taken} of {info.chunks} chunks of an object")
        if self._size != info.size:
            words = f"{self._size} bytes of an object of {info.size}"
            return Failure(ErrorClass.CORRUPTED, words)
        try:
            digest = urlsafe_b64decode(info.digest.removeprefix(DIGEST))
        except ValueError:
            digest = b""
        if digest != self._digest.digest():
            return Failure(ErrorClass.CORRUPTED, f"an object has another digest than {info.digest}")
        return self._size

    def clean_up(self) -> bytes:
        """Remove the consumer, if one was asked for."""
        if self._info is None or not self._info.chunks:
            return b""
        return self._frames.forget(self._consumer, self._number)
