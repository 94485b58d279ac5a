"""The one way to wait for a job. The job store itself is pure, and knows no event loop."""

import asyncio
from collections.abc import Callable

from njst.journal.state.job_store import JobStore
from njst.journal.state.job_view import JobView


async def wait_for_job(
    job_store: JobStore, job: str, condition: Callable[[JobView], bool]
) -> JobView:
    """Return the view of a job as soon as `condition` holds of it; it may be unknown until then.

    The condition is checked now and at each change of the job, so that no change is missed.
    """
    found: asyncio.Future[JobView] = asyncio.get_running_loop().create_future()

    def check(_: str) -> None:
        view = job_store.view(job)
        if view is not None and not found.done() and condition(view):
            found.set_result(view)

    stop_listening = job_store.listen(check, job)
    try:
        check(job)
        return await found
    finally:
        stop_listening()
