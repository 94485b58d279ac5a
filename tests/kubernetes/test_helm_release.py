"""NjstJobs in a chart of a user's own: what `helm upgrade` makes of them, as the docs say."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devenv.environment import Environment
from tests.kubernetes.resources import Json, get, job, short, wait_finished
from tests.kubernetes.test_chart import helm

TEMPLATE = """{{- range .Values.jobs }}
---
{{ tpl (toYaml .) $ }}
{{- end }}
"""
HOOK = {
    "helm.sh/hook": "post-install,post-upgrade",
    "helm.sh/hook-delete-policy": "before-hook-creation",
}
CHANGED = "apply it under another name, or delete it first"
Release = Callable[..., str]


@pytest.fixture
def release(env: Environment, tmp_path: Path) -> Iterator[Release]:
    """Return a function that runs helm for a release with these NjstJobs."""
    chart = tmp_path / "load"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: load, version: 1.0.0}")
    (chart / "templates" / "jobs.yaml").write_text(TEMPLATE)
    environment = {**env.kube.kubectl.environment(), "HELM_CACHE_HOME": str(tmp_path)}

    def run(verb: str, *jobs: str, options: tuple[str, ...] = ()) -> str:
        return helm(
            *(verb, "load", str(chart), "--namespace", env.namespace, "--values", "-", *options),
            stdin=json.dumps({"jobs": [json.loads(job) for job in jobs]}),
            env=environment,
        )

    yield run
    helm("uninstall", "load", "--ignore-not-found", "--namespace", env.namespace, env=environment)


def hooked(document: str) -> str:
    made: Json = json.loads(document)
    made["metadata"]["annotations"] = HOOK
    return json.dumps(made)


def uid(resource: Json) -> str:
    return str(resource["metadata"]["uid"])


def test_upgrade__same_spec__leaves_the_job_and_another_is_refused(
    env: Environment, release: Release
) -> None:
    release("install", short("gate"), options=("--wait",))
    before = get(env, "gate")
    assert before["status"]["phase"] == "Succeeded", "--wait waits for the end of the job"
    release("upgrade", short("gate"))
    release("upgrade", short("gate", suspend=True))
    for options in ((), ("--server-side=false", "--force-replace")):
        with pytest.raises(AssertionError, match=CHANGED):
            release("upgrade", short("gate", onWorkerLoss="Fail"), options=options)
    assert uid(get(env, "gate")) == uid(before)


def test_upgrade__hook_or_name_of_the_revision__is_a_new_job(
    env: Environment, release: Release
) -> None:
    jobs = [hooked(short("hook")), short("load-{{ .Release.Revision }}")]
    release("install", *jobs)
    before = wait_finished(env, "hook")
    release("upgrade", *jobs)
    after = wait_finished(env, "hook")
    assert uid(before) != uid(after)
    assert after["status"]["phase"] == "Succeeded"
    assert wait_finished(env, "load-2")["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize(("policy", "stays"), [("Gate", False), ("Report", True)])
def test_install__job_fails__rolls_back_unless_it_only_reports(
    env: Environment, release: Release, policy: str, stays: bool
) -> None:
    failing = job("fails", activeDeadlineSeconds=1, verdictPolicy=policy)
    options = ("--wait", "--rollback-on-failure", "--timeout=2m")
    if stays:
        release("install", failing, options=options)
        assert get(env, "fails")["status"]["phase"] == "Failed"
    else:
        with pytest.raises(AssertionError, match="fails"):
            release("install", failing, options=options)
        assert "fails" not in env.kubectl("get", "njstjobs", "-o", "name")
