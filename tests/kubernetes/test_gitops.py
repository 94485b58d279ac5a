"""What applies a file again and again, as Flux, Argo CD and Helm do, and what it makes of a job."""

import json
from collections.abc import Callable

import pytest

from devenv.environment import Environment
from devenv.kubernetes.kstatus import find_kstatus
from devenv.kubernetes.kubectl import KubectlError
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    api_jobs,
    conditions,
    get,
    get_schedule,
    job,
    schedule,
    short,
    wait,
    wait_finished,
    wait_gone,
    wait_loading,
)


def sync(env: Environment, manifest: str) -> None:
    """Apply a file as Flux does: on the server, and with force."""
    how = ("--server-side", "--field-manager=flux", "--force-conflicts")
    env.kubectl("apply", *how, "-f", "-", stdin=manifest)


def patch(env: Environment, name: str, **spec: object) -> None:
    env.kubectl("patch", "njstjob", name, "--type=merge", "-p", json.dumps({"spec": spec}))


def ignored(resource: Json) -> str:
    """The reason of the condition SpecIgnored, or nothing."""
    found = [c for c in resource["status"]["conditions"] if c["type"] == "SpecIgnored"]
    return found[0]["reason"] if found else ""


def wait_ignored(env: Environment, name: str, reason: str) -> Json:
    """Return when the newest spec has been seen, and what is ignored in it."""

    def lacking() -> str | None:
        found = get(env, name)
        late = found["status"]["observedGeneration"] != found["metadata"]["generation"]
        return "not seen yet" if late or ignored(found) != reason else None

    assert wait_until(lacking, PATIENCE_S) is None
    return get(env, name)


def test_suspend_that_git_sets_back_holds_up_nothing(env: Environment) -> None:
    sync(env, job("held", suspend=True))
    wait(env, "held", lambda status: status.get("phase") == "Suspended")
    assert find_kstatus()([get(env, "held")]) == ["Current"]
    patch(env, "held", suspend=False)
    wait_loading(env, "held")
    assert find_kstatus()([get(env, "held")]) == ["InProgress"]
    sync(env, job("held", suspend=True))
    resource = wait_ignored(env, "held", "JobBegan")
    assert resource["status"]["phase"] == "Running"
    assert conditions(resource)["Suspended"] == "False"
    patch(env, "held", suspend=False)
    wait_ignored(env, "held", "")


def test_cancel_that_git_sets_back_changes_nothing(env: Environment) -> None:
    sync(env, job("cancelled", cancel=False))
    wait_loading(env, "cancelled")
    patch(env, "cancelled", cancel=True)
    wait_finished(env, "cancelled")
    sync(env, job("cancelled", cancel=False))
    resource = wait_ignored(env, "cancelled", "JobCancelled")
    assert resource["spec"]["cancel"] is False
    assert resource["status"]["phase"] == "Cancelled"
    assert len(api_jobs(env, resource)) == 1


def test_what_its_ttl_removed_and_git_brings_back_is_not_run_again(env: Environment) -> None:
    smoke = short("smoke", ttlSecondsAfterFinished=3600, skipIfRanWithinSeconds=3600)
    sync(env, smoke)
    first = wait_finished(env, "smoke")
    # Only now: a job that has just ended is gone before kubectl has shown it.
    over = json.loads(smoke)
    over["spec"] |= {"ttlSecondsAfterFinished": 1}
    sync(env, json.dumps(over))
    wait_gone(env, "smoke")
    sync(env, smoke)
    again = wait_finished(env, "smoke")
    assert again["metadata"]["uid"] != first["metadata"]["uid"]
    status = again["status"]
    assert (status["phase"], status["reason"], status["verdict"]) == (
        *("Succeeded", "RanAlready", "Valid"),
    )
    assert status["resultRef"] == first["status"]["resultRef"]
    assert find_kstatus()([again]) == ["Current"]
    assert [made["id"] for made in api_jobs(env, first)] == [first["metadata"]["uid"]]
    # Another spec is another job.
    env.kubectl("delete", "njstjob", "smoke")
    sync(env, short("smoke", skipIfRanWithinSeconds=3600, onWorkerLoss="Fail"))
    assert wait_finished(env, "smoke")["status"]["reason"] != "RanAlready"
    assert len(api_jobs(env, first)) == 2


def test_a_suspended_schedule_is_as_it_should_be(env: Environment) -> None:
    sync(env, schedule("held", suspend=True))

    def lacking() -> str | None:
        (said,) = find_kstatus()([get_schedule(env, "held")])
        return None if said == "Current" else f"it is {said}"

    assert wait_until(lacking, PATIENCE_S) is None
    env.kubectl("delete", "njstschedule", "held")


@pytest.mark.parametrize(
    "change",
    [sync, lambda env, text: env.kubectl("replace", "-f", "-", stdin=text)],
    ids=["apply", "replace"],
)
def test_another_spec__under_the_same_name__needs_a_new_resource(
    env: Environment, change: Callable[[Environment, str], object]
) -> None:
    """`replace` is what Argo CD's Replace=true does, and Helm's --force-replace."""
    sync(env, short("same", suspend=True))
    with pytest.raises(KubectlError, match="apply it under another name, or delete it first"):
        change(env, short("same", suspend=True, onWorkerLoss="Fail"))
