"""NjstExperiments for tests: their manifests, and how to wait for what becomes of them."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from devenv.environment import Environment
from tests.kubernetes.resources import PATIENCE_S, Json

_POLL_S = 0.05


def experiment(name: str, messages: int = 300, **spec: Any) -> str:
    """A manifest of a grid of two points, whose trials are soon over."""
    workload = {"name": "write", "stream": "LOAD", "messages": messages, "publish": {}}
    base = {
        "template": {"streams": [{"name": "LOAD", "storage": "Memory"}], "workloads": [workload]},
        "factors": [
            {"name": "size", "path": "workloads[write].publish.payloadBytes", "values": [16, 64]}
        ],
    }
    return json.dumps(
        {
            "apiVersion": "njst.io/v1alpha1",
            "kind": "NjstExperiment",
            "metadata": {"name": name},
            "spec": {**base, **spec},
        }
    )


def endless(name: str, **spec: Any) -> str:
    """A manifest of an experiment whose first trial runs for ten minutes."""
    document = json.loads(experiment(name, **spec))
    workload = document["spec"]["template"]["workloads"][0]
    del workload["messages"]
    workload["durationSeconds"] = 600
    workload["messagesPerSecond"] = 10
    return json.dumps(document)


def get(env: Environment, name: str) -> Json:
    document: Json = json.loads(env.kubectl("get", "njstexperiment", name, "-o", "json"))
    return document


def wait(env: Environment, name: str, reached: Callable[[Json], bool]) -> Json:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        resource = get(env, name)
        if reached(resource["status"]):
            return resource
        assert time.monotonic() < give_up, f"not reached: {resource['status']}"
        time.sleep(_POLL_S)


def wait_phase(env: Environment, name: str, phase: str) -> Json:
    return wait(env, name, lambda status: status.get("phase") == phase)


def over_http(env: Environment, path: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, f"{env.workers[0].url}/api/v1/{path}", timeout=PATIENCE_S)


def trial_phases(env: Environment, resource: Json) -> list[str]:
    """The phases of the jobs of an experiment's trials, in their order."""
    uid = resource["metadata"]["uid"]
    jobs = over_http(env, "jobs?limit=500").json()["items"]
    return [job["phase"] for job in reversed(jobs) if job["id"].startswith(f"{uid}-t")]
