"""Kubernetes Events: one per change, and none without a change."""

from njst.contract.results.job_status import JobStatus, ThresholdStatus
from njst_operator.controllers.job.job_events import of_job
from njst_operator.kube.kube_event import KubeEvent


def reasons(old: JobStatus, new: JobStatus) -> list[str]:
    return [item.reason for item in of_job(old, new)]


PENDING = JobStatus(phase="Pending", job_id="j")
RUNNING = JobStatus(phase="Running", job_id="j")


def test_events__each_phase__is_recorded_once() -> None:
    assert reasons(JobStatus(), PENDING) == ["JobSubmitted"]
    assert reasons(PENDING, RUNNING) == ["Started"]
    assert reasons(RUNNING, RUNNING.model_copy(update={"messages_per_second": 5})) == []
    assert reasons(JobStatus(), RUNNING) == ["JobSubmitted", "Started"]
    assert reasons(RUNNING, JobStatus(phase="Succeeded", job_id="j")) == ["Succeeded"]


def test_events__waiting__says_for_what() -> None:
    waiting = JobStatus(phase="Pending", reason="NotEnoughWorkers", message="2 of 3")
    (told,) = of_job(JobStatus(), waiting)
    expected = KubeEvent(
        "Waiting", "NotEnoughWorkers: 2 of 3", warning=True, about="NotEnoughWorkers"
    )
    assert told == expected
    assert reasons(JobStatus(), JobStatus(phase="Suspended")) == ["Suspended"]


def test_events__lost_worker__is_recorded_once() -> None:
    one = RUNNING.model_copy(update={"lost_workers": ["a"]})
    two = RUNNING.model_copy(update={"lost_workers": ["a", "b"]})
    assert [item.about for item in of_job(RUNNING, one)] == ["a"]
    assert [item.about for item in of_job(one, two)] == ["b"]


def test_events__breached_thresholds__have_values_and_are_few() -> None:
    def threshold(number: int, verdict: str = "Invalid") -> ThresholdStatus:
        return ThresholdStatus(
            workload=f"w{number}", metric="Errors", at_most=0, value=number, verdict=verdict
        )

    failed = JobStatus(
        phase="Failed",
        reason="ThresholdsFailed",
        job_id="j",
        thresholds=[*(threshold(n) for n in range(1, 6)), threshold(9, "Valid")],
    )
    told = of_job(RUNNING, failed)
    assert [item.reason for item in told] == ["Failed"] + ["ThresholdBreached"] * 3
    assert all(item.warning for item in told)
    assert told[1].message == "w1 Errors is 1, at most 0 allowed"
    assert len({item.about for item in told[1:]}) == 3
    nothing = ThresholdStatus(workload="w", metric="Messages", at_least=5, verdict="Invalid")
    told = of_job(RUNNING, failed.model_copy(update={"thresholds": [nothing]}))
    assert told[1].message == "w Messages is no data, at least 5 allowed"
