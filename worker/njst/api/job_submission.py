"""From a request to a submission: the body's type and size, its key, and what a post may say."""

import asyncio
import hashlib
import re
import time

from fastapi import Request

from njst.api.problems import ApiProblem
from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.document import Document, parse_document
from njst.contract.parsing.field_errors import FieldProblem
from njst.contract.parsing.yaml_loader import MAX_DOCUMENT_BYTES
from njst.journal.jobs import Submission, new_job_id

_MEDIA_TYPES = frozenset(
    {
        "",
        "application/json",
        "application/yaml",
        "application/x-yaml",
        "text/yaml",
        "text/x-yaml",
        "text/plain",
        # What curl sends with --data-binary.
        "application/x-www-form-urlencoded",
    }
)
# A body that has not arrived by then never will.
BODY_TIMEOUT_S = 30.0
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def read_body(request: Request, limit_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the body, without ever reading more than `limit_bytes` of it."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise ApiProblem(413, "too-large", f"a job is at most {limit_bytes} bytes")
    except TimeoutError as error:
        words = f"the body did not arrive within {BODY_TIMEOUT_S:g} seconds"
        raise ApiProblem(408, "unreadable", words) from error
    return bytes(body)


async def read_submission(request: Request, mesh: str) -> Submission:
    """Return the job of a POST to a worker of a mesh.

    With an Idempotency-Key the id derives from the key, so that the log's compare-and-set makes
    every repetition the same job, on any worker.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise ApiProblem(
            415, "media-type", f"{media_type} is not supported: send application/json or -/yaml"
        )
    # Not in the event loop: a worker that reads YAML for a second would miss its own deadlines.
    document = await asyncio.to_thread(parse_document, await read_body(request))
    _refuse_unfit(document, mesh)
    key = request.headers.get("idempotency-key")
    return Submission(
        id=new_job_id(time.time_ns() // 1_000_000) if key is None else _id_of_key(key),
        spec=document.spec,
        origin=Origin(kind=OriginKind.HTTP, name=document.name),
        digest=_digest(document),
    )


def _digest(document: Document) -> str:
    """Return what tells one job from another, however it was written down."""
    spec = document.spec.model_dump_json(exclude_none=True)
    return hashlib.sha256(f"{document.name}\n{spec}".encode()).hexdigest()


def _refuse_unfit(document: Document, mesh: str) -> None:
    """A posted job starts at once, on these workers: some fields steer a resource."""
    problems = [
        FieldProblem(f"spec.{field}", "must be false: it steers an NjstJob resource, not a post")
        for field, value in (("suspend", document.spec.suspend), ("cancel", document.spec.cancel))
        if value
    ]
    if document.spec.mesh not in (None, mesh):
        words = f"must be {mesh!r}, the mesh of this worker, or left out"
        problems.append(FieldProblem("spec.mesh", words))
    if problems:
        raise ApiProblem(422, "invalid", "the job cannot be posted like this", problems)


def _id_of_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ApiProblem(
            400, "idempotency-key", "Idempotency-Key must be 1 to 255 visible ASCII characters"
        )
    return "k-" + hashlib.sha256(key.encode()).hexdigest()[:26]
