"""From an HTTP request to a submission: media type, size, idempotency key, allowed fields."""

import asyncio
import hashlib
import re
import time

from fastapi import Request

from njst.api.problems import ApiProblem
from njst.contract.events import Origin, OriginKind
from njst.contract.model import Model
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
# A body that takes longer is considered lost.
BODY_TIMEOUT_S = 30.0
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def read_body(request: Request, limit_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the body; reading stops beyond `limit_bytes`."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise ApiProblem(413, "too-large", f"the body exceeds {limit_bytes} bytes")
    except TimeoutError as error:
        words = f"the body did not arrive within {BODY_TIMEOUT_S:g} seconds"
        raise ApiProblem(408, "unreadable", words) from error
    return bytes(body)


def require_document(request: Request) -> None:
    """Reject a body whose media type is neither JSON nor YAML."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise ApiProblem(
            415,
            "media-type",
            f"{media_type} is not supported; send application/json or application/yaml",
        )


async def read_submission(request: Request, mesh: str) -> Submission:
    """Return the job that a request submits to a worker of `mesh`.

    With an Idempotency-Key the job ID derives from the key, so the compare-and-set of the job log
    makes every repetition the same job, on any worker.
    """
    require_document(request)
    # In a thread: parsing YAML can take a second, and would delay the deadlines of the worker.
    document = await asyncio.to_thread(parse_document, await read_body(request))
    _reject_unsuitable(document, mesh)
    key = request.headers.get("idempotency-key")
    return Submission(
        id=new_job_id(time.time_ns() // 1_000_000) if key is None else id_of_key(key),
        spec=document.spec,
        origin=Origin(kind=OriginKind.HTTP, name=document.name),
        digest=digest_of(document.name, document.spec),
    )


def digest_of(name: str, spec: Model) -> str:
    """Return a digest of name and spec that does not depend on how they were written."""
    text = spec.model_dump_json(exclude_none=True)
    return hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()


def _reject_unsuitable(document: Document, mesh: str) -> None:
    """Reject fields that have a meaning only in an NjstJob resource, and another mesh."""
    problems = [
        FieldProblem(f"spec.{field}", "must be false: the field works only in an NjstJob resource")
        for field, value in (("suspend", document.spec.suspend), ("cancel", document.spec.cancel))
        if value
    ]
    if document.spec.mesh not in (None, mesh):
        words = f"must be {mesh!r}, the mesh of this worker, or omitted"
        problems.append(FieldProblem("spec.mesh", words))
    if problems:
        raise ApiProblem(
            422, "invalid", "the job cannot be submitted over HTTP like this", problems
        )


def id_of_key(key: str) -> str:
    """Return the job id that derives from an Idempotency-Key."""
    if not _KEY.fullmatch(key):
        raise ApiProblem(
            400, "idempotency-key", "Idempotency-Key must be 1 to 255 visible ASCII characters"
        )
    return "k-" + hashlib.sha256(key.encode()).hexdigest()[:26]
