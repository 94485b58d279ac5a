"""Deletion that a finalizer of somebody else holds up, as Argo CD puts one on every hook."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from devenv.environment import Environment
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    api_jobs,
    get,
    job,
    short,
    wait,
    wait_finished,
    wait_gone,
    wait_loading,
)

# What the load may take to stop: the log, the workers, and a slow machine.
SOON_S = 15
WAYS = {"background": (), "foreground": ("--cascade=foreground",)}
Hold = Callable[[str], str]


@pytest.fixture
def hold(env: Environment) -> Any:
    """Return a manifest with a finalizer; on the way out, let its object go."""
    names: list[str] = []

    def held(manifest: str) -> str:
        document: Json = json.loads(manifest)
        document["metadata"]["finalizers"] = ["argocd.argoproj.io/hook-finalizer"]
        names.append(document["metadata"]["name"])
        return json.dumps(document)

    yield held
    for name in names:
        patch = '{"metadata":{"finalizers":null}}'
        env.kubectl("patch", "njstjob", name, "--type=merge", "-p", patch)
        wait_gone(env, name)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_deleted_job_that_a_finalizer_holds_ends_within_seconds(
    env: Environment, hold: Hold, way: tuple[str, ...]
) -> None:
    env.kubectl("apply", "-f", "-", stdin=hold(job("held")))
    wait_loading(env, "held")
    begin_s = time.monotonic()
    env.kubectl("delete", "njstjob", "held", "--wait=false", *way)
    resource = wait_finished(env, "held")
    assert time.monotonic() - begin_s < SOON_S
    assert "deletionTimestamp" in resource["metadata"]
    status = resource["status"]
    assert (status["phase"], status["reason"]) == ("Cancelled", "ResourceDeleted")
    assert status["workloads"][0]["messages"] > 0
    (made,) = (job for job in api_jobs(env, resource) if job["id"] == status["jobId"])
    assert made["phase"] == "Cancelled"


def test_a_deleted_job_that_has_not_begun_never_begins(env: Environment, hold: Hold) -> None:
    env.kubectl("apply", "-f", "-", stdin=hold(short("waits", suspend=True)))
    wait(env, "waits", lambda status: status.get("phase") == "Suspended")
    env.kubectl("delete", "njstjob", "waits", "--wait=false")
    env.kubectl("patch", "njstjob", "waits", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    resource = wait_finished(env, "waits")
    status = resource["status"]
    assert (status["phase"], status["reason"]) == ("Cancelled", "ResourceDeleted")
    assert api_jobs(env, resource) == []


def test_a_finished_job_that_a_finalizer_holds_is_deleted_once(
    env: Environment, hold: Hold
) -> None:
    env.kubectl("apply", "-f", "-", stdin=hold(short("over", ttlSecondsAfterFinished=0)))
    wait_finished(env, "over")

    def kept() -> str | None:
        return None if "deletionTimestamp" in get(env, "over")["metadata"] else "not deleted"

    assert wait_until(kept, PATIENCE_S) is None
    # Another job's whole life later, when each copy has looked again.
    env.kubectl("apply", "-f", "-", stdin=short("other"))
    wait_finished(env, "other")
    lines = env.kube.audit_log.read_text().split("\n")[:-1]
    asked = [entry for entry in map(json.loads, lines) if entry["verb"] == "delete"]
    names = [entry["objectRef"].get("name") for entry in asked]
    assert 1 <= names.count("over") <= len(env.operators)
