"""An object store's own documents and frames (ADR-20)."""

import json
from dataclasses import dataclass
from typing import Any

from njst.contract.header_names import ROLLUP
from njst.contract.names.assets import OWNER_KEY
from njst.contract.names.buckets import chunk_subject, meta_subject
from njst.load.protocol import encoder

# Before the digest of an object, in base64 with the URL's alphabet.
DIGEST = "SHA-256="
_ROLLUP = f"NATS/1.0\r\n{ROLLUP}: sub\r\n\r\n".encode()
# The server removes a consumer that its client could not delete.
_IDLE_NS = 300 * 1_000_000_000
_HEARTBEAT_NS = 5_000_000_000


@dataclass(frozen=True)
class ObjectInfo:
    """The description of an object; `nuid` ends the subject of its chunks."""

    name: str
    nuid: str
    size: int
    chunks: int
    digest: str
    deleted: bool = False


def parse_info(payload: bytes) -> ObjectInfo:
    """Return the description of an object.

    Raises:
        ValueError: the payload is no description, or describes a link, which has no chunks.
    """
    try:
        document = json.loads(payload)
        if (document.get("options") or {}).get("link"):
            raise ValueError("a link to another object")
        return ObjectInfo(
            name=str(document["name"]),
            nuid=str(document["nuid"]),
            size=int(document.get("size") or 0),
            chunks=int(document.get("chunks") or 0),
            digest=str(document.get("digest") or ""),
            deleted=bool(document.get("deleted")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the description of an object: {payload[:100]!r}") from error


class StoreFrames:
    """The frames of one client for one store; each wants its answer at `<inbox>.<number>`.

    Chunks are pushed to `deliver`: a server pushes only where a subscription has just this
    subject, without wildcards.
    """

    def __init__(self, bucket: str, api_prefix: str, inbox: str) -> None:
        self._bucket = bucket
        self._api = api_prefix
        self._inbox = inbox
        self.deliver = f"{inbox}.chunks.all"

    def _reply(self, number: int) -> str:
        return f"{self._inbox}.{number:010x}"

    def info(self, name: str, number: int) -> bytes:
        """Get an object's description."""
        subject = f"{self._api}.DIRECT.GET.OBJ_{self._bucket}.{meta_subject(self._bucket, name)}"
        return encoder.pub(subject, b"", self._reply(number))

    def chunk(self, nuid: str, content: bytes, number: int) -> bytes:
        """Store a chunk."""
        return encoder.pub(chunk_subject(self._bucket, nuid), content, self._reply(number))

    def describe(self, info: ObjectInfo, chunk_bytes: int, number: int) -> bytes:
        """Replace an object's description; its time is the message's."""
        document: dict[str, Any] = {
            "name": info.name,
            "options": {"max_chunk_size": chunk_bytes},
            "bucket": self._bucket,
            "nuid": info.nuid,
            "size": info.size,
            "chunks": info.chunks,
            "digest": info.digest,
        }
        if info.deleted:
            document["deleted"] = True
        body = _json(document)
        subject = meta_subject(self._bucket, info.name)
        return encoder.hpub(subject, _ROLLUP, body, self._reply(number))

    def purge(self, nuid: str, number: int) -> bytes:
        """Remove an object's chunks."""
        body = _json({"filter": chunk_subject(self._bucket, nuid)})
        return encoder.pub(
            f"{self._api}.STREAM.PURGE.OBJ_{self._bucket}", body, self._reply(number)
        )

    def consume(self, consumer: str, nuid: str, job: str, number: int) -> bytes:
        """Have an object's chunks pushed, in order."""
        chunks = chunk_subject(self._bucket, nuid)
        config = {
            "name": consumer,
            "deliver_policy": "all",
            "ack_policy": "none",
            "replay_policy": "instant",
            "max_deliver": 1,
            "filter_subject": chunks,
            "deliver_subject": self.deliver,
            "flow_control": True,
            "idle_heartbeat": _HEARTBEAT_NS,
            "inactive_threshold": _IDLE_NS,
            "mem_storage": True,
            "num_replicas": 1,
            "metadata": {OWNER_KEY: job},
        }
        body = _json({"stream_name": f"OBJ_{self._bucket}", "config": config, "action": "create"})
        subject = f"{self._api}.CONSUMER.CREATE.OBJ_{self._bucket}.{consumer}.{chunks}"
        return encoder.pub(subject, body, self._reply(number))

    def forget(self, consumer: str, number: int) -> bytes:
        """Remove a consumer."""
        subject = f"{self._api}.CONSUMER.DELETE.OBJ_{self._bucket}.{consumer}"
        return encoder.pub(subject, b"", self._reply(number))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
