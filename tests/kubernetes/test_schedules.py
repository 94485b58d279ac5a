"""NjstSchedules on a real API server, with three copies of the operator."""

import json
from datetime import datetime
from typing import Any

import pytest

from devenv.environment import Environment
from devenv.kubernetes.kubectl import KubectlError
from njst.local.waiting import wait_until
from tests.kubernetes.resources import PATIENCE_S, Json, jobs_of, missed, schedule


def status_of(env: Environment, name: str) -> Json:
    found: Json = json.loads(env.kubectl("get", "njstschedule", name, "-o", "json"))
    status: Json = found["status"]
    return status


def wait_said(env: Environment, name: str, reason: str) -> Json:
    def lacking() -> str | None:
        said = status_of(env, name).get("reason", "")
        return None if said == reason else f"it says {said!r}"

    assert wait_until(lacking, PATIENCE_S) is None
    return status_of(env, name)


@pytest.fixture
def tidy(env: Environment) -> Any:
    """Schedules are gone before the environment deletes what they would make anew."""
    yield
    env.kubectl("delete", "njstschedules", "--all", "--wait=true")


def test_one_job_for_each_time_whatever_the_number_of_copies(env: Environment, tidy: None) -> None:
    env.kubectl("apply", "-f", "-", stdin=schedule("yearly", suspend=True))
    wait_said(env, "yearly", "Suspended")
    missed(env, "yearly")
    patch = '{"spec":{"suspend":false}}'
    env.kubectl("patch", "njstschedule", "yearly", "--type=merge", "-p", patch)

    def lacking() -> str | None:
        phases = [job["status"].get("phase", "") for job in jobs_of(env, "yearly")]
        return None if phases == ["Succeeded"] else f"jobs are {phases}"

    assert wait_until(lacking, PATIENCE_S) is None
    (job,) = jobs_of(env, "yearly")
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("NjstSchedule", "yearly")
    time = datetime.fromisoformat(job["metadata"]["annotations"]["njst.io/scheduled-time"])
    assert (time.month, time.day, time.hour, time.minute) == (1, 1, 0, 0)
    assert job["metadata"]["name"] == f"yearly-{int(time.timestamp())}"

    status: Json = {}

    def unsaid() -> str | None:
        nonlocal status
        status = status_of(env, "yearly")
        # Another copy may hear of the job's end a little later, and still take it for active.
        over = "lastSuccessfulTime" in status and not status["activeCount"]
        return None if over else f"it says {status}"

    assert wait_until(unsaid, PATIENCE_S) is None
    assert datetime.fromisoformat(status["lastScheduleTime"]) == time
    assert datetime.fromisoformat(status["nextScheduleTime"]) == time.replace(year=time.year + 1)
    # The job is deleted, and its time is still one that was seen to.
    env.kubectl("delete", "njstjob", job["metadata"]["name"])
    for operator in env.operators:
        operator.service.restart(PATIENCE_S)
    patch = '{"spec":{"successfulJobsHistoryLimit":2}}'
    env.kubectl("patch", "njstschedule", "yearly", "--type=merge", "-p", patch)

    def unseen() -> str | None:
        seen = status_of(env, "yearly")["observedGeneration"]
        return None if seen == 3 else f"generation {seen} was seen"

    assert wait_until(unseen, PATIENCE_S) is None
    assert jobs_of(env, "yearly") == []


def test_a_schedule_that_cannot_be_read_says_so(env: Environment, tidy: None) -> None:
    env.kubectl("apply", "-f", "-", stdin=schedule("nowhere", timeZone="Europe/Atlantis"))
    status = wait_said(env, "nowhere", "InvalidSchedule")
    assert "Europe/Atlantis" in status["message"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"schedule": "often"}, "spec.schedule"),
        ({"concurrencyPolicy": "Wait"}, "spec.concurrencyPolicy"),
        ({"jobTemplate": {"spec": {"workloads": []}}}, "spec.jobTemplate.spec.workloads"),
        ({"startingDeadlineSeconds": 0}, "spec.startingDeadlineSeconds"),
    ],
)
def test_a_bad_schedule_is_refused(env: Environment, spec: Json, said: str) -> None:
    with pytest.raises(KubectlError) as refused:
        env.kubectl("apply", "-f", "-", stdin=schedule("bad", **spec))
    assert said in str(refused.value)


def test_a_name_too_long_for_its_jobs_is_refused(env: Environment) -> None:
    with pytest.raises(KubectlError, match="at most 52 characters"):
        env.kubectl("apply", "-f", "-", stdin=schedule("n" * 53))
