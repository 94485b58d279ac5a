"""njst in a cluster, as a person with kubectl sees it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devenv.cluster.cluster_choice import Cluster
from tests.kubernetes.resources import Json

_POLL_S = 0.3
_GET = (
    "import sys, urllib.request as u;"
    " sys.stdout.write(u.urlopen(sys.argv[1], timeout=10).read().decode())"
)


@dataclass(frozen=True)
class Njst:
    """njst in one namespace."""

    cluster: Cluster
    namespace: str

    def kubectl(self, *args: str, stdin: str = "", timeout_s: float = 200.0) -> str:
        return self.cluster.kubectl(
            "--namespace", self.namespace, *args, stdin=stdin, timeout_s=timeout_s
        )

    def get(self, *what: str) -> Json:
        document: Json = json.loads(self.kubectl("get", *what, "-o", "json"))
        return document

    def pods(self, component: str = "app.kubernetes.io/component=worker") -> list[Json]:
        items: list[Json] = self.get("pods", "-l", component)["items"]
        return items

    def rolled_out(self, what: str = "statefulset/njst-worker", timeout_s: int = 300) -> None:
        self.kubectl("rollout", "status", what, f"--timeout={timeout_s}s", timeout_s=timeout_s + 5)

    def ask(self, path: str, pod: str = "njst-worker-0") -> Any:
        """Return what the HTTP API answers through the Service, asked from a pod."""
        command = ("exec", pod, "-c", "worker", "--", "python", "-c", _GET, f"http://njst{path}")
        return json.loads(self.kubectl(*command))

    def status(self, job: str) -> Json:
        found: Json = self.get("njstjob", job).get("status", {})
        return found

    def wait(
        self, reached: Callable[[], bool], *, timeout_s: float = 180.0, said: Callable[[], object]
    ) -> None:
        """Look until it is so; `said` tells what there is instead."""
        give_up = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < give_up, f"not reached: {said()}"
            time.sleep(_POLL_S)

    def wait_loading(self, job: str) -> None:
        def loading() -> bool:
            status = self.status(job)
            done = sum(workload["messages"] for workload in status.get("workloads", []))
            return status.get("phase") == "Running" and done > 0

        self.wait(loading, said=lambda: self.status(job))

    def wait_finished(self, job: str, timeout_s: int = 300) -> Json:
        self.kubectl(
            *("wait", f"njstjob/{job}", "--for=condition=Finished", f"--timeout={timeout_s}s"),
            timeout_s=timeout_s + 5,
        )
        return self.status(job)

    def names(self) -> set[str]:
        """Return the workers' pods."""
        return {pod["metadata"]["name"] for pod in self.pods()}


def ready(pod: Json) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in pod["status"].get("conditions", [])
    )


def start_to_ready_s(pod: Json) -> float:
    """Return how long a pod took from its last container's start on, as its node's clock says."""
    begun = [s["state"]["running"]["startedAt"] for s in pod["status"]["containerStatuses"]]
    (at,) = (c["lastTransitionTime"] for c in pod["status"]["conditions"] if c["type"] == "Ready")
    return (datetime.fromisoformat(at) - datetime.fromisoformat(max(begun))).total_seconds()


def steady(name: str, seconds: int, **spec: Any) -> str:
    """A manifest of a light job that lasts so long: it leaves the machine time for pods."""
    return json.dumps(
        {
            "apiVersion": "njst.io/v1alpha1",
            "kind": "NjstJob",
            "metadata": {"name": name},
            "spec": {
                "streams": [{"name": f"NJST-{name.upper()}", "maxMessages": 1000}],
                "workloads": [
                    {
                        "name": "write",
                        "stream": f"NJST-{name.upper()}",
                        "messagesPerSecond": 100,
                        "durationSeconds": seconds,
                        "publish": {"payloadBytes": 64},
                    }
                ],
                **spec,
            },
        }
    )
