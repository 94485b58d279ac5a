"""NjstJobs for tests: their manifests, and how to wait for what becomes of them."""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml

from devenv.environment import Environment, LocalOperator
from devenv.kubernetes.api_server import KubernetesServer
from njst.local.server_process import ServerProcess

Json = dict[str, Any]
_POLL_S = 0.05
# Nothing here takes more than a few seconds, but on a machine that has no time: half a minute was
# seen.
PATIENCE_S = 120
LONG_AGO = "2020-01-01T00:00:00Z"


def job(name: str, **spec: Any) -> str:
    """A manifest of a job that writes for long, unless `spec` says otherwise."""
    base = {
        "streams": [{"name": "LOAD", "storage": "Memory", "maxMessages": 1000}],
        "workloads": [
            {
                "name": "write",
                "stream": "LOAD",
                "durationSeconds": 600,
                "publish": {"mode": "Synchronous", "payloadBytes": 64},
            }
        ],
    }
    return json.dumps(
        {
            "apiVersion": "njst.io/v1alpha1",
            "kind": "NjstJob",
            "metadata": {"name": name},
            "spec": {**base, **spec},
        }
    )


def short(name: str, **spec: Any) -> str:
    """A manifest of a job that is soon over."""
    workload = {"name": "write", "stream": "LOAD", "messages": 300, "publish": {}}
    return job(name, workloads=[workload], **spec)


def wait_gone(env: Environment, name: str) -> None:
    """Return when somebody has deleted the resource."""
    what = ("wait", f"njstjob/{name}", "--for=delete", f"--timeout={PATIENCE_S}s")
    env.kubectl(*what, timeout_s=PATIENCE_S + 5)


def read(env: Environment, path: str, **query: str) -> Json:
    """What the API server answers to GET within the environment's namespace.

    Tests wait by looking again and again, and kubectl takes twenty times as much CPU for a look.
    """
    group = "api/v1" if path == "events" else "apis/njst.io/v1alpha1"
    with admin_api(env.kube) as api:
        answer = api.get(f"/{group}/namespaces/{env.namespace}/{path}", params=query)
    answer.raise_for_status()
    document: Json = answer.json()
    return document


def get(env: Environment, name: str) -> Json:
    return read(env, f"njstjobs/{name}")


def get_schedule(env: Environment, name: str) -> Json:
    return read(env, f"njstschedules/{name}")


def events(env: Environment, fields: str = "") -> list[Json]:
    """The Events, those of a field selector if there is one."""
    items: list[Json] = read(env, "events", fieldSelector=fields)["items"]
    return items


def wait(
    env: Environment, name: str, reached: Callable[[Json], bool], timeout_s: float = PATIENCE_S
) -> Json:
    give_up = time.monotonic() + timeout_s
    while True:
        resource = get(env, name)
        if reached(resource["status"]):
            return resource
        assert time.monotonic() < give_up, f"not reached: {resource['status']}"
        time.sleep(_POLL_S)


def wait_loading(env: Environment, name: str) -> Json:
    def loading(status: Json) -> bool:
        done = sum(workload["messages"] for workload in status.get("workloads", []))
        return status.get("phase") == "Running" and done > 0

    return wait(env, name, loading)


def wait_finished(env: Environment, name: str, timeout_s: int = PATIENCE_S) -> Json:
    env.kubectl(
        *("wait", f"njstjob/{name}", "--for=condition=Finished", f"--timeout={timeout_s}s"),
        timeout_s=timeout_s + 5,
    )
    return get(env, name)


def conditions(resource: Json) -> dict[str, str]:
    return {c["type"]: c["status"] for c in resource["status"]["conditions"]}


def api_jobs(env: Environment, resource: Json, worker: int = 0) -> list[Json]:
    """The jobs that came from resources of this name, as a worker lists them, newest first."""
    url = f"{env.workers[worker].url}/api/v1/jobs"
    # Without TLS, certificates need not be loaded either.
    response = httpx.get(url, params={"limit": 500}, timeout=PATIENCE_S, verify=False)
    name = resource["metadata"]["name"]
    return [job for job in response.json()["items"] if job["name"] == name]


def schedule(name: str, **spec: Any) -> str:
    """A manifest of a schedule that is due so seldom that no test meets its time."""
    template = json.loads(short("template"))["spec"]
    return json.dumps(
        {
            "apiVersion": "njst.io/v1alpha1",
            "kind": "NjstSchedule",
            "metadata": {"name": name},
            "spec": {"schedule": "@yearly", "jobTemplate": {"spec": template}, **spec},
        }
    )


def schedule_of_experiments(name: str, template: Json, **spec: Any) -> str:
    """A manifest of such a schedule, whose experiments have this spec."""
    document = json.loads(schedule(name, **spec))
    del document["spec"]["jobTemplate"]
    document["spec"]["experimentTemplate"] = {"spec": template}
    return json.dumps(document)


def missed(env: Environment, name: str, **status: Any) -> None:
    """Let the last time that the schedule has seen to be so long ago that one is due now."""
    # A revision of its own, as whoever writes a status gives it: else an operator writes over it.
    told = {"lastScheduleTime": LONG_AGO, "revision": time.time_ns() // 1000, **status}
    patch = json.dumps({"status": told})
    env.kubectl(
        *("patch", "njstschedule", name, "--subresource=status", "--type=merge", "-p", patch)
    )


def jobs_of(env: Environment, name: str) -> list[Json]:
    return _made_by(env, name, "njstjobs")


def experiments_of(env: Environment, name: str) -> list[Json]:
    return _made_by(env, name, "njstexperiments")


def _made_by(env: Environment, name: str, plural: str) -> list[Json]:
    items: list[Json] = read(env, plural, labelSelector=f"njst.io/schedule={name}")["items"]
    return items


def token_in(kubeconfig: Path) -> str:
    config: Json = yaml.safe_load(kubeconfig.read_text())
    token: str = config["users"][0]["user"]["token"]
    return token


def admin_api(kube: KubernetesServer) -> httpx.Client:
    """A client of the administrator, for what kubectl is too slow for."""
    headers = {"authorization": f"Bearer {token_in(kube.admin_kubeconfig)}"}
    # The server signs its own certificate.
    return httpx.Client(base_url=kube.url, headers=headers, verify=False, timeout=60)


def restart_all(services: Iterable[ServerProcess]) -> None:
    """Restart programs at once; return when all of them answer."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda service: service.restart(PATIENCE_S), services))


def readyz(operator: LocalOperator) -> str:
    """What an operator says of itself.

    Raises:
        OSError: nobody answers.
    """
    try:
        return httpx.get(f"{operator.url}/readyz?verbose", timeout=PATIENCE_S, verify=False).text
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
