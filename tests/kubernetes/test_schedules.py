"""NjstSchedules on a real API server, with three copies of the operator."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from kubernetes.aio.config import kube_config

from devenv.environment import Environment
from devenv.kubernetes.kubectl import KubectlError
from njst.contract.spec.schedule import MAX_NAME
from njst.local.wait_until import wait_until
from njst_operator.controllers.schedule.schedule_controller import ScheduleController
from njst_operator.controllers.schedule.schedule_resource import schedule_of
from njst_operator.kube.api_transport import ApiTransport
from njst_operator.kube.kube_client import KubeClient
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from tests.kubernetes.experiments import experiment, over_http
from tests.kubernetes.resources import (
    LONG_AGO,
    PATIENCE_S,
    Json,
    admin_api,
    events,
    experiments_of,
    get_schedule,
    jobs_of,
    missed,
    restart_all,
    schedule,
    schedule_of_experiments,
    short,
    wait_finished,
)


def status_of(env: Environment, name: str) -> Json:
    status: Json = get_schedule(env, name)["status"]
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
    restart_all(operator.service for operator in env.operators)
    patch = '{"spec":{"successfulJobsHistoryLimit":2}}'
    env.kubectl("patch", "njstschedule", "yearly", "--type=merge", "-p", patch)

    def unseen() -> str | None:
        seen = status_of(env, "yearly")["observedGeneration"]
        return None if seen == 3 else f"generation {seen} was seen"

    assert wait_until(unseen, PATIENCE_S) is None
    assert jobs_of(env, "yearly") == []


def test_one_experiment_for_each_time_is_made_of_the_template(env: Environment, tidy: None) -> None:
    template = json.loads(experiment("template", factors=[]))["spec"]
    env.kubectl("apply", "-f", "-", stdin=schedule_of_experiments("studies", template))
    wait_said(env, "studies", "Scheduled")
    missed(env, "studies")

    def lacking() -> str | None:
        phases = [made["status"].get("phase", "") for made in experiments_of(env, "studies")]
        return None if phases == ["Succeeded"] else f"experiments are {phases}"

    assert wait_until(lacking, PATIENCE_S) is None
    (made,) = experiments_of(env, "studies")
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("NjstSchedule", "studies")
    time = datetime.fromisoformat(made["metadata"]["annotations"]["njst.io/scheduled-time"])
    assert made["metadata"]["name"] == f"studies-{int(time.timestamp())}"
    origin = over_http(env, f"experiments/{made['metadata']['uid']}").json()["origin"]
    assert origin["schedule"] == "studies"

    def unsettled() -> str | None:
        status = status_of(env, "studies")
        over = "lastSuccessfulTime" in status and not status["activeCount"]
        return None if over else f"it says {status}"

    assert wait_until(unsettled, PATIENCE_S) is None
    assert datetime.fromisoformat(status_of(env, "studies")["lastScheduleTime"]) == time
    told = events(env, "involvedObject.name=studies,reason=ExperimentCreated")
    assert [event["message"] for event in told] == [f"made {made['metadata']['name']}"]
    # The API server does not look into the template: the operator does, long before the next time.
    change(env, "studies", experimentTemplate={"spec": {"repeats": 0}})
    message = wait_said(env, "studies", "InvalidSchedule")["message"]
    assert message.startswith("spec.experimentTemplate.spec.repeats: ")


def events_of(env: Environment, name: str) -> list[str]:
    """The reasons of the warnings about a schedule."""
    found = events(env, f"involvedObject.name={name},type=Warning")
    return [item["reason"] for item in found]


def wait_warned(env: Environment, name: str, reason: str) -> None:
    """Return when there is an Event of this reason: it comes after the status."""

    def lacking() -> str | None:
        found = events_of(env, name)
        return None if reason in found else f"events are {found}"

    assert wait_until(lacking, PATIENCE_S) is None


def change(env: Environment, name: str, **spec: Any) -> None:
    patch = json.dumps({"spec": spec})
    env.kubectl("patch", "njstschedule", name, "--type=merge", "-p", patch)


def wait_jobs(env: Environment, name: str, count: int) -> list[Json]:
    def lacking() -> str | None:
        found = len(jobs_of(env, name))
        return None if found == count else f"there are {found}"

    assert wait_until(lacking, PATIENCE_S) is None
    return jobs_of(env, name)


def refused_creates(env: Environment) -> int:
    """How often the API server has refused to create an NjstJob."""
    with admin_api(env.kube) as api:
        lines = api.get("/metrics").text.splitlines()
    found = (line for line in lines if line.startswith("apiserver_request_total{"))
    wanted = ('code="403"', 'resource="njstjobs"', 'verb="POST"')
    return sum(int(line.rsplit(" ", 1)[1]) for line in found if all(w in line for w in wanted))


def test_a_schedule_that_cannot_be_read_says_so(env: Environment, tidy: None) -> None:
    # No expression of the CRD sees that it runs backwards.
    env.kubectl("apply", "-f", "-", stdin=schedule("backwards", schedule="0 0 * * FRI-MON"))
    status = wait_said(env, "backwards", "InvalidSchedule")
    assert "FRI-MON" in status["message"]
    ready = {c["type"]: c["status"] for c in status["conditions"]}
    assert (ready["Ready"], ready["Stalled"]) == ("False", "True")
    assert "InvalidSchedule" in env.kubectl("get", "njstschedule", "backwards")
    wait_warned(env, "backwards", "InvalidSchedule")

    def uncounted() -> str | None:
        texts = [httpx.get(f"{operator.url}/metrics").text for operator in env.operators]
        sample = 'njst_operator_schedules{reason="InvalidSchedule"} 1'
        return None if all(sample in text for text in texts) else "a copy does not count it"

    assert wait_until(uncounted, PATIENCE_S) is None


def test_a_time_that_was_skipped_is_told_once(env: Environment, tidy: None) -> None:
    env.kubectl("apply", "-f", "-", stdin=schedule("late", suspend=True))
    wait_said(env, "late", "Suspended")
    missed(env, "late")
    change(env, "late", suspend=False, startingDeadlineSeconds=60)
    status = wait_said(env, "late", "MissedSchedule")
    assert status["lastMissedMessage"] == "the schedule was suspended"
    assert datetime.fromisoformat(status["lastMissedTime"]).month == 1
    ready = {c["type"]: c["status"] for c in status["conditions"]}
    assert (ready["Ready"], ready["Stalled"]) == ("True", "False")
    wait_warned(env, "late", "MissedSchedule")
    logs = [path.read_text() for path in env.folder.glob("operator-*.log")]
    assert sum(log.count("schedule late: MissedSchedule") for log in logs) == 1
    assert jobs_of(env, "late") == []


QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {count/njstjobs.njst.io: "1"}}
"""


def test_a_used_up_quota_is_said_once_and_waited_for(env: Environment, tidy: None) -> None:
    env.kubectl("apply", "-f", "-", stdin=schedule("over", suspend=True))
    wait_said(env, "over", "Suspended")
    env.kubectl("apply", "-f", "-", stdin=QUOTA)
    try:
        # No controller counts here.
        full = {"count/njstjobs.njst.io": "1"}
        status = json.dumps({"status": {"hard": full, "used": full}})
        subresource = ("--subresource=status", "--type=merge", "-p", status)
        env.kubectl("patch", "resourcequota", "few", *subresource)
        refused_before = refused_creates(env)
        missed(env, "over")
        change(env, "over", suspend=False)
        status = wait_said(env, "over", "QuotaExceeded")
        assert "exceeded quota: few" in status["message"]
        assert (status["refusals"], status["activeCount"]) == (1, 0)
        ready = {c["type"]: c["status"] for c in status["conditions"]}
        assert (ready["Ready"], ready["Stalled"]) == ("False", "True")
    finally:
        env.kubectl("delete", "resourcequota", "few")
    wait_jobs(env, "over", 1)
    healed = wait_said(env, "over", "Scheduled")
    assert "retryTime" not in healed
    # Each copy at most once, before it has seen what another one said.
    assert 1 <= refused_creates(env) - refused_before <= len(env.operators)
    assert events_of(env, "over") == ["QuotaExceeded"]
    logs = [path.read_text() for path in env.folder.glob("operator-*.log")]
    assert sum(log.count("schedule over: QuotaExceeded") for log in logs) == 1

    def unsettled() -> str | None:
        status = status_of(env, "over")
        return None if "lastSuccessfulTime" in status else f"it says {status}"

    assert wait_until(unsettled, PATIENCE_S) is None
    # Refused, made, over; and what was known only in between. No copy writes against another.
    assert status_of(env, "over")["revision"] - status["revision"] <= 5


POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [njst.io]
        apiVersions: [v1alpha1]
        operations: [CREATE]
        resources: [njstjobs]
  validations: [{{expression: "false", message: no load on Fridays}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec:
  policyName: {name}
  validationActions: [Deny]
  matchResources:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
"""


def created_as_a_trial(env: Environment) -> str:
    """Return what the API server says to a new NjstJob that is not stored."""
    try:
        return env.kubectl("create", "--dry-run=server", "-f", "-", stdin=short("trial"))
    except KubectlError as error:
        return str(error)


def test_a_policy_that_refuses_the_job_is_quoted(env: Environment, tidy: None) -> None:
    """A refusal with 422; that of a quota has 403."""
    policy, friday = POLICY.format(name=env.namespace), "no load on Fridays"
    env.kubectl("apply", "-f", "-", stdin=schedule("denied", suspend=True))
    wait_said(env, "denied", "Suspended")
    env.kubectl("apply", "-f", "-", stdin=policy)
    try:
        assert wait_until(lambda: None if friday in created_as_a_trial(env) else "no", 60) is None
        missed(env, "denied")
        change(env, "denied", suspend=False)
        status = wait_said(env, "denied", "JobRefused")
        assert status["message"].startswith("422 ")
        assert friday in status["message"]
        assert {c["type"]: c["status"] for c in status["conditions"]}["Stalled"] == "True"
        wait_warned(env, "denied", "JobRefused")
    finally:
        env.kubectl("delete", "-f", "-", stdin=policy)
    assert wait_until(lambda: "yes" if friday in created_as_a_trial(env) else None, 60) is None
    # Whoever changes a schedule need not wait for the next attempt.
    change(env, "denied", successfulJobsHistoryLimit=2)
    wait_jobs(env, "denied", 1)
    assert wait_said(env, "denied", "Scheduled")["refusals"] == 0


def test_a_job_that_never_gets_its_workers_makes_way_for_the_next(
    env: Environment, tidy: None
) -> None:
    template = json.loads(short("template", workers=20, queueTimeoutSeconds=2))["spec"]
    first, second = (datetime.now(UTC) - timedelta(days=ago) for ago in (2, 1))
    at = "0 0 {0.day} {0.month} *".format
    env.kubectl(
        *("apply", "-f", "-"),
        stdin=schedule("forbids", schedule=at(first), jobTemplate={"spec": template}),
    )
    missed(env, "forbids")
    (waits,) = wait_jobs(env, "forbids", 1)
    change(env, "forbids", schedule=at(second))
    made, _ = sorted(wait_jobs(env, "forbids", 2), key=lambda job: str(job["metadata"]["name"]))
    assert made["metadata"]["uid"] == waits["metadata"]["uid"]
    assert (made["status"]["phase"], made["status"]["reason"]) == ("Failed", "QueueTimeout")


def test_a_restored_schedule_makes_up_for_no_time(env: Environment, tidy: None) -> None:
    """Its status, as a backup has kept it, is older than the schedule itself."""
    env.kubectl("apply", "-f", "-", stdin=schedule("restored"))
    conditions = wait_said(env, "restored", "Scheduled")["conditions"]
    env.kubectl("delete", "njstschedule", "restored")
    env.kubectl("create", "-f", "-", stdin=schedule("restored"))
    kept = [{**condition, "lastTransitionTime": LONG_AGO} for condition in conditions]
    missed(env, "restored", conditions=kept)
    change(env, "restored", successfulJobsHistoryLimit=2)

    def unseen() -> str | None:
        seen = status_of(env, "restored")["observedGeneration"]
        return None if seen == 2 else f"generation {seen} was seen"

    assert wait_until(unseen, PATIENCE_S) is None
    assert jobs_of(env, "restored") == []


def test_a_name_that_is_taken_is_said(env: Environment, tidy: None) -> None:
    env.kubectl("apply", "-f", "-", stdin=schedule("taken", suspend=True))
    wait_said(env, "taken", "Suspended")
    now = datetime.now(UTC)
    name = f"taken-{int(now.replace(month=1, day=1, hour=0, minute=0, second=0).timestamp())}"
    env.kubectl("apply", "-f", "-", stdin=short(name, suspend=True))
    missed(env, "taken")
    change(env, "taken", suspend=False)
    status = wait_said(env, "taken", "NameTaken")
    assert name in status["message"]
    wait_warned(env, "taken", "NameTaken")
    assert jobs_of(env, "taken") == []
    env.kubectl("delete", "njstjob", name)
    # Whoever changes a schedule need not wait for the next attempt.
    change(env, "taken", successfulJobsHistoryLimit=2)
    wait_jobs(env, "taken", 1)


def test_a_name_of_the_greatest_length_makes_jobs(env: Environment, tidy: None) -> None:
    name = f"a.{'n' * (MAX_NAME - 2)}"
    env.kubectl("apply", "-f", "-", stdin=schedule(name, suspend=True))
    wait_said(env, name, "Suspended")
    missed(env, name)
    change(env, name, suspend=False)
    (job,) = wait_jobs(env, name, 1)
    assert len(job["metadata"]["name"]) == 63
    assert wait_finished(env, job["metadata"]["name"])["status"]["phase"] == "Succeeded"


def test_a_schedule_that_was_made_anew_gets_no_job_of_the_old_one(
    env: Environment, tidy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that has not heard of it yet looks before it makes a job that would be collected."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    # The client has read KUBECONFIG when it was imported.
    path = str(env.kube.admin_kubeconfig)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", path)

    async def late(body: Json) -> int:
        api, counts = ApiTransport(), OperatorMetrics()
        await api.open()
        schedule_controller = ScheduleController(
            "late", KubeClient(api), counts, lambda: datetime.now(UTC)
        )
        schedule_controller.on_children_listed()
        # As if it had waited since long.
        past = {"lastScheduleTime": "2020-01-01T00:00:00Z", "observedGeneration": -1}
        schedule_controller.on_schedule(schedule_of({**body, "status": past}))
        async with asyncio.timeout(PATIENCE_S):
            while not counts.reconciles:  # noqa: ASYNC110 - a count tells nobody
                await asyncio.sleep(0.05)
        await schedule_controller.loop.stop()
        await api.close()
        return counts.events

    env.kubectl("apply", "-f", "-", stdin=schedule("anew"))
    wait_said(env, "anew", "Scheduled")
    old = get_schedule(env, "anew")
    env.kubectl("delete", "njstschedule", "anew")
    env.kubectl("apply", "-f", "-", stdin=schedule("anew"))
    assert asyncio.run(late(old)) == 0
    assert jobs_of(env, "anew") == []


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
