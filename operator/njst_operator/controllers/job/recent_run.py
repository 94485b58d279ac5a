"""`skipIfRanWithinSeconds`: whether the job that a resource asks for ran recently; pure."""

from collections.abc import Iterable

from njst.contract.events import Origin, OriginKind
from njst.contract.spec.job import JobSpec
from njst.journal.state.job_view import JobView, Phase

# Fields that do not change what the job runs.
_STEERING = {
    "suspend": False,
    "cancel": False,
    "ttl_seconds_after_finished": None,
    "skip_if_ran_within_seconds": None,
    "description": "",
}


def earlier_run(
    jobs: Iterable[JobView], origin: Origin, spec: JobSpec, now_ns: int
) -> JobView | None:
    """Return the last job of this origin and spec that ended recently, or None.

    A cancelled job does not count.
    """
    within_s = spec.skip_if_ran_within_seconds
    if within_s is None or origin.kind is not OriginKind.RESOURCE:
        return None
    found = [
        view
        for view in jobs
        if _place(view.created.origin) == _place(origin)
        and view.ended is not None
        and view.phase is not Phase.CANCELLED
        and now_ns - view.ended_ns < within_s * 1_000_000_000
        and _load(view.created.spec) == _load(spec)
    ]
    return max(found, key=lambda view: view.ended_ns, default=None)


def _place(origin: Origin) -> Origin:
    """Return an origin without its schedule, which an older njst did not record."""
    return origin.model_copy(update={"schedule": None})


def _load(spec: JobSpec) -> JobSpec:
    return spec.model_copy(update=_STEERING)
