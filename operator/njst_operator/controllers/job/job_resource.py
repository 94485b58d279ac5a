"""An NjstJob as the API server holds it, reduced to what a decision needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from njst.contract.names.kubernetes import GROUP, KIND, PLURAL
from njst.contract.results.job_status import JobStatus
from njst.contract.spec.target import Target
from njst_operator.kube.kube_object import KubeObject, common_fields, parse_time

# An annotation with the uid of the resource that was accepted as a job. A backup and a copy keep
# annotations, and get another uid.
MARK = f"{GROUP}/accepted-uid"
SCHEDULED_TIME = f"{GROUP}/scheduled-time"
TERMINAL_PHASES = frozenset({"Succeeded", "Failed", "Cancelled"})


# What a spec still says once there is a job, whose own spec is in the log.
STEERING = ("mesh", "suspend", "cancel", "ttlSecondsAfterFinished")


@dataclass(frozen=True)
class JobResource(KubeObject[JobStatus]):
    """One NjstJob; with a job of its own, its spec is reduced to what steers it."""

    kind: ClassVar[str] = KIND
    plural: ClassVar[str] = PLURAL

    # The uid of the schedule that made it, and the time that it was made for.
    owner: str = ""
    scheduled: datetime | None = None
    # What its MARK says; empty without one.
    mark: str = ""

    @property
    def has_job(self) -> bool:
        """Whether its status says that it became a job; not what it was before it was restored."""
        return self.status.job_id == self.uid

    @property
    def accepted_as(self) -> str:
        """The uid under which it became a job once, before it was restored or copied; or nothing.

        A mark tells it, or a status that came with it.
        """
        return next(
            (uid for uid in (self.mark, self.status.job_id) if uid not in ("", self.uid)), ""
        )

    def says_as_much_as(self, other: Self) -> bool:
        """Whether only others have changed something in it, which is no reason to look."""
        return super().says_as_much_as(other) and self.mark == other.mark

    @property
    def mesh(self) -> str:
        """The installation that the spec names, or nothing."""
        return self.spec.get("mesh") or ""

    @property
    def accepted_by(self) -> str:
        """The installation whose log has its job; nothing before, or where an older njst did it."""
        return self.status.mesh if self.has_job else ""

    @property
    def settled(self) -> bool:
        """Whether its status is final."""
        return self.status.phase in TERMINAL_PHASES

    @property
    def expires_at(self) -> datetime | None:
        """When `ttlSecondsAfterFinished` ends, counted from its completion; None for never."""
        ttl_s = self.spec.get("ttlSecondsAfterFinished")
        if ttl_s is None or self.status.completion_time is None:
            return None
        return parse_time(self.status.completion_time) + timedelta(seconds=ttl_s)

    @property
    def wants_job(self) -> bool:
        """Whether nothing but the operator itself keeps it from having a job."""
        off = self.settled or self.deleting or self.spec.get("suspend")
        return not (off or self.has_job or self.accepted_as)

    @property
    def shall_end(self) -> bool:
        """Whether somebody wants its job stopped."""
        return self.deleting or bool(self.spec.get("cancel"))

    @property
    def under_load(self) -> bool:
        """Whether workers are at it, so that its status is renewed every few seconds."""
        return self.status.phase in ("Running", "Cancelling")


def resource_of(body: dict[str, Any]) -> JobResource:
    """Return the NjstJob in an object of the API."""
    meta, common = body["metadata"], common_fields(body, JobStatus)
    if common["status"].job_id == common["uid"]:
        common["spec"] = {name: common["spec"].get(name) for name in STEERING}
    mark = str((meta.get("annotations") or {}).get(MARK, ""))
    return JobResource(**common, owner=_controller(meta), scheduled=_scheduled(meta), mark=mark)


def _controller(meta: dict[str, Any]) -> str:
    owners = meta.get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def _scheduled(meta: dict[str, Any]) -> datetime | None:
    """Return the time in the annotation; anyone may write there anything."""
    try:
        time = parse_time((meta.get("annotations") or {}).get(SCHEDULED_TIME, ""))
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def describe_target(target: Target) -> str:
    """Return what is under test in a few words."""
    if target.context:
        return f"context {target.context}"
    return ", ".join(target.servers[:3]) or "control NATS"
