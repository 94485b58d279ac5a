"""The jobs that a request names, which must have ended."""

from collections.abc import Sequence

from njst.api.problems import ApiProblem
from njst.contract.parsing.field_errors import FieldProblem
from njst.journal.jobs import Jobs, UnknownJobError
from njst.journal.state.job_view import JobView


def ended_jobs(jobs: Jobs, field: str, names: Sequence[str]) -> list[JobView]:
    """Return jobs that have ended, by their ids in the list `field` of a request.

    Raises:
        ApiProblem: naming each job that is unknown or has not ended.
    """
    views, unknown, open_jobs = [], [], []
    for number, name in enumerate(names):
        entry = f"{field}[{number}]"
        try:
            view = jobs.get(name)
        except UnknownJobError as error:
            unknown.append(FieldProblem(entry, str(error)))
            continue
        views.append(view)
        if view.ended is None:
            words = f"job {name} is {view.phase} and has no report yet"
            open_jobs.append(FieldProblem(entry, words))
    if unknown:
        raise ApiProblem(404, "unknown-job", "a job is unknown", unknown)
    if open_jobs:
        raise ApiProblem(409, "not-finished", "a job has not ended", open_jobs)
    return views
