"""From an HTTP request to an experiment to create."""

import asyncio
import time

from fastapi import Request

from njst.api.job_submission import digest_of, id_of_key, read_body, require_document
from njst.api.problems import ApiProblem
from njst.contract.events import Origin, OriginKind
from njst.contract.parsing.experiment import ExperimentFile, parse_experiment_document
from njst.contract.parsing.field_errors import FieldProblem
from njst.journal.experiments import ExperimentSubmission
from njst.journal.jobs import new_job_id

# The id of an experiment is never that of a job, also with the same Idempotency-Key.
_PREFIX = "x-"


async def read_experiment(request: Request, mesh: str) -> ExperimentSubmission:
    """Return the experiment that a request submits to a worker of `mesh`."""
    require_document(request)
    body = await read_body(request)
    # In a thread: each point of a grid is checked as a job.
    document = await asyncio.to_thread(parse_experiment_document, body)
    _reject_unsuitable(document, mesh)
    key = request.headers.get("idempotency-key")
    own = new_job_id(time.time_ns() // 1_000_000) if key is None else id_of_key(key)
    return ExperimentSubmission(
        id=f"{_PREFIX}{own}",
        spec=document.spec,
        origin=Origin(kind=OriginKind.HTTP, name=document.name),
        digest=digest_of(document.name, document.spec),
    )


def _reject_unsuitable(document: ExperimentFile, mesh: str) -> None:
    """Reject fields that have a meaning only in a resource, and another mesh."""
    spec = document.spec
    problems = [
        FieldProblem(f"spec.{field}", "must be false: the field works only in a resource")
        for field, value in (("suspend", spec.suspend), ("cancel", spec.cancel))
        if value
    ]
    if spec.mesh not in (None, mesh):
        words = f"must be {mesh!r}, the mesh of this worker, or omitted"
        problems.append(FieldProblem("spec.mesh", words))
    if problems:
        raise ApiProblem(
            422, "invalid", "the experiment cannot be submitted over HTTP like this", problems
        )
