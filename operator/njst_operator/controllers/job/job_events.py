"""Which Kubernetes Events a change of status is worth; pure."""

from njst.contract.results.job_status import JobStatus, ThresholdStatus
from njst.contract.results.schedule_status import ScheduleStatus
from njst_operator.controllers.resource.log_resource import TERMINAL_PHASES
from njst_operator.controllers.resource.phase_events import of_phase
from njst_operator.kube.conditions import is_true
from njst_operator.kube.kube_event import KubeEvent

# A few breached thresholds show what is wrong; the status has all of them.
MAX_BREACHED = 3


def of_job(old: JobStatus, new: JobStatus) -> list[KubeEvent]:
    """Return the Events for what is in `new` and not in `old`."""
    found: list[KubeEvent] = []
    if new.job_id and not old.job_id:
        found.append(KubeEvent("JobSubmitted", f"job {new.job_id} was created"))
    if new.phase != old.phase:
        found += of_phase(new, "the load has started")
    found += [
        KubeEvent("WorkerLost", f"{worker} is lost", warning=True, about=worker)
        for worker in new.lost_workers
        if worker not in old.lost_workers
    ]
    found += [
        KubeEvent("WorkerRefused", worker, warning=True, about=worker)
        for worker in new.refused_workers
        if worker not in old.refused_workers
    ]
    found += [
        KubeEvent("LeftBehind", asset, warning=True, about=asset)
        for asset in new.left_behind
        if asset not in old.left_behind
    ]
    if new.phase in TERMINAL_PHASES and old.phase not in TERMINAL_PHASES:
        breached = [threshold for threshold in new.thresholds if threshold.verdict != "Valid"]
        found += [_breached(threshold) for threshold in breached[:MAX_BREACHED]]
    return found


def of_schedule(old: ScheduleStatus, new: ScheduleStatus) -> list[KubeEvent]:
    """Return the Events for what is newly wrong with a schedule; a retry is not new."""
    if new.last_missed_time is not None and new.last_missed_time != old.last_missed_time:
        about = new.last_missed_time
        return [KubeEvent("MissedSchedule", new.message, warning=True, about=about)]
    if new.refusals and (new.reason != old.reason or not old.refusals):
        about = f"{new.refused_time} {new.observed_generation}"
        return [KubeEvent(new.reason, new.message, warning=True, about=about)]
    is_new = (new.reason, new.message) != (old.reason, old.message)
    if is_new and is_stalled(new) and not new.refusals:
        return [KubeEvent(new.reason, new.message, warning=True, about=new.message)]
    return []


def is_stalled(status: ScheduleStatus) -> bool:
    """Whether the schedule makes no jobs until a person does something."""
    return is_true(status.conditions, "Stalled")


def _breached(threshold: ThresholdStatus) -> KubeEvent:
    at_most = threshold.at_most is not None
    limit = f"at most {threshold.at_most}" if at_most else f"at least {threshold.at_least}"
    if threshold.relative_to is not None:
        limit += f" (baseline {threshold.relative_to})"
    value = "no data" if threshold.value is None else str(threshold.value)
    what = f"{threshold.workload} {threshold.metric}"
    about = f"{what} {limit}"
    return KubeEvent("ThresholdBreached", f"{what} is {value}, {limit} allowed", True, about)
