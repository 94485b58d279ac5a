"""A resource that is accepted into the job log, reduced to what decisions need; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Self, TypeVar

from njst.contract.names.kubernetes import GROUP, SCHEDULE_KIND
from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.job_status import JobStatus
from njst_operator.kube.kube_object import KubeObject, common_fields, parse_time

LogStatus = TypeVar("LogStatus", JobStatus, ExperimentStatus)

# An annotation with the uid of the resource that was accepted into the log. A restored or copied
# resource keeps its annotations, and has another uid.
ACCEPTED_UID = f"{GROUP}/accepted-uid"
SCHEDULED_TIME = f"{GROUP}/scheduled-time"
# The spec fields that still count once it is accepted: the rest of its spec is in the job log.
STEERING = ("mesh", "suspend", "cancel", "ttlSecondsAfterFinished")
TERMINAL_PHASES = frozenset({"Succeeded", "Failed", "Cancelled"})


@dataclass(frozen=True)
class LogResource(KubeObject[LogStatus], Generic[LogStatus]):
    """One resource; its uid is its id in the job log.

    Once it is accepted, its spec is reduced to the STEERING fields.
    """

    # What it is in a sentence.
    noun: ClassVar[str]

    # The uid of the schedule that made it, its name, and the time that it was made for.
    owner: str = ""
    schedule: str | None = None
    scheduled: datetime | None = None
    # The value of its annotation ACCEPTED_UID; empty without one.
    accepted_uid: str = ""

    @property
    def log_id(self) -> str:
        """The id in the job log that its status names; empty before its acceptance."""
        return log_id_of(self.status)

    @property
    def mesh(self) -> str:
        """The mesh that the spec names, or empty."""
        return self.spec.get("mesh") or ""

    @property
    def is_accepted(self) -> bool:
        """Whether its status names its own id, not one that it was restored with."""
        return self.log_id == self.uid

    @property
    def copied_from_uid(self) -> str:
        """The uid of the accepted resource that it was restored or copied from; or empty.

        Its annotation has that uid, or else a status that was restored with it.
        """
        return next(
            (uid for uid in (self.accepted_uid, self.log_id) if uid not in ("", self.uid)), ""
        )

    def is_equivalent_to(self, other: Self) -> bool:
        """Whether nothing differs that njst acts on."""
        return super().is_equivalent_to(other) and self.accepted_uid == other.accepted_uid

    @property
    def accepting_mesh(self) -> str:
        """The mesh whose log has it; empty before that, or if an older njst submitted it."""
        return self.status.mesh if self.is_accepted else ""

    @property
    def is_finished(self) -> bool:
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
    def wants_acceptance(self) -> bool:
        """Whether nothing but the operator itself keeps it from being accepted."""
        off = self.is_finished or self.deleting or self.spec.get("suspend")
        return not (off or self.is_accepted or self.copied_from_uid)

    @property
    def is_to_end(self) -> bool:
        """Whether what it runs is to be cancelled."""
        return self.deleting or bool(self.spec.get("cancel"))

    @property
    def under_load(self) -> bool:
        """Whether load may run, so that its status is renewed every few seconds."""
        return self.status.phase in ("Running", "Cancelling")


def log_id_of(status: JobStatus | ExperimentStatus) -> str:
    """Return the id in the job log that a status names; empty before the acceptance."""
    return status.job_id if isinstance(status, JobStatus) else status.experiment_id


def log_fields(body: dict[str, Any], status: type[LogStatus]) -> dict[str, Any]:
    """Return the fields of `LogResource` in an object of the API."""
    meta, fields = body["metadata"], common_fields(body, status)
    if log_id_of(fields["status"]) == fields["uid"]:
        fields["spec"] = {name: fields["spec"].get(name) for name in STEERING}
    accepted_uid = str((meta.get("annotations") or {}).get(ACCEPTED_UID, ""))
    owner = _controller(meta)
    return {
        **fields,
        "owner": str(owner.get("uid", "")),
        "schedule": str(owner["name"]) if owner.get("kind") == SCHEDULE_KIND else None,
        "scheduled": _scheduled(meta),
        "accepted_uid": accepted_uid,
    }


def _controller(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the owner reference of the controller; empty without one."""
    owners: list[dict[str, Any]] = meta.get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), {})


def _scheduled(meta: dict[str, Any]) -> datetime | None:
    """Return the time in the annotation; None if it is not a time with a zone."""
    try:
        time = parse_time((meta.get("annotations") or {}).get(SCHEDULED_TIME, ""))
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
