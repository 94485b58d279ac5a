"""Reports that are too large for the log, in an object store of the mesh.

The bucket is created when the first report needs it, and bounded by age and bytes: the oldest are
dropped first. An object is named by its content, so that no report ever replaces another, and
`nats object get` can read it: gzipped JSON (ADR-20).
"""

import asyncio
import gzip
import json
import zlib
from base64 import urlsafe_b64encode
from hashlib import sha256

import nats.errors
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError
from pydantic import ValidationError

from njst.contract.header_names import ROLLUP
from njst.contract.names.buckets import OBJECTS, chunk_subject, meta_subject
from njst.contract.names.mesh import Mesh
from njst.contract.results.report import Report, StoredReport
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.stream_admin import ensure
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

REPORTS_AGE_S = 46 * 86_400.0
REPORTS_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 128 * 1024
# The end of a job waits no longer for its report to be stored.
PUT_TIMEOUT_S = 5.0
# Anything that unpacks to more is not a report.
MAX_BYTES = 256 * 1024 * 1024


class ReportStore:
    """`interfaces.Reports` on the control NATS."""

    def __init__(self, client: LoginClient, mesh: Mesh, replicas: int = 0) -> None:
        """Bind it to a mesh; `replicas` of the bucket, as for the log."""
        self._client = client
        self._replicas = replicas
        self._bucket = mesh.reports_bucket
        self._stream = f"{OBJECTS}{self._bucket}"

    async def put(self, job: str, report: Report) -> StoredReport:
        """Store a report; see `interfaces.Reports.put`."""
        data = gzip.compress(report.to_json(), mtime=0)
        digest = sha256(data).hexdigest()
        stored = StoredReport(
            bucket=self._bucket,
            name=f"{job}-{digest[:12]}.json.gz",
            bytes=len(data),
            digest=digest,
        )
        try:
            async with asyncio.timeout(PUT_TIMEOUT_S):
                await self._put(stored, data)
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError(
                f"object store {self._bucket}: {str(error) or type(error).__name__}"
            ) from error
        return stored

    async def _put(self, stored: StoredReport, data: bytes) -> None:
        await ensure(self._client, self._config(), self._replicas)
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        size = min(CHUNK_BYTES, self._client.max_payload // 2)
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        nuid = _nuid(stored)
        for chunk in chunks:
            await js.publish(chunk_subject(self._bucket, nuid), chunk)
        meta = {
            "name": stored.name,
            "bucket": self._bucket,
            "nuid": nuid,
            "size": len(data),
            "chunks": len(chunks),
            "digest": f"SHA-256={urlsafe_b64encode(bytes.fromhex(stored.digest)).decode()}",
            "options": {"max_chunk_size": size},
        }
        await js.publish(
            meta_subject(self._bucket, stored.name),
            json.dumps(meta).encode(),
            headers={ROLLUP: "sub"},
        )

    def _config(self) -> StreamConfig:
        return StreamConfig(
            name=self._stream,
            description="njst: the whole reports of this mesh's jobs",
            subjects=[chunk_subject(self._bucket, ">"), meta_subject(self._bucket, ">")],
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=REPORTS_AGE_S,
            max_bytes=REPORTS_BYTES,
            allow_rollup_hdrs=True,
            allow_direct=True,
        )

    async def get(self, stored: StoredReport) -> Report:
        """Return a report; see `interfaces.Reports.get`."""
        try:
            data = await self._get(stored)
        except NotFoundError as error:
            raise JournalUnavailableError(
                f"{stored.name} is not in object store {stored.bucket} any more"
            ) from error
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError(
                f"object store {stored.bucket}: {str(error) or type(error).__name__}"
            ) from error
        if sha256(data).hexdigest() != stored.digest:
            raise JournalUnavailableError(f"{stored.name} in {stored.bucket} was changed")
        try:
            return Report.model_validate_json(zlib.decompressobj(31).decompress(data, MAX_BYTES))
        except (zlib.error, ValidationError) as error:
            raise JournalUnavailableError(f"{stored.name} cannot be read: {error}") from error

    async def _get(self, stored: StoredReport) -> bytes:
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        stream, subject = f"{OBJECTS}{stored.bucket}", chunk_subject(stored.bucket, _nuid(stored))
        data = bytearray()
        seq = 1
        while len(data) < stored.bytes:
            message = await js.get_msg(stream, seq, subject=subject, next=True)
            data += message.data or b""
            seq = (message.seq or seq) + 1
        return bytes(data)


def _nuid(stored: StoredReport) -> str:
    return stored.name.partition(".")[0]
