"""kube-score judges the manifests; each exception is here with its reason, and none is too many."""

import json
import subprocess
from typing import Any

from devenv.environment import MANIFESTS
from devenv.kubernetes.apiserver import KubernetesServer
from devenv.kubernetes.gotool import KUBE_SCORE
from tests.kubernetes.installing import rendered
from tests.kubernetes.test_chart import VALUES, templated

PULL = (
    "pinned versions: nothing newer comes under the same name, and a node that has it may start it"
)
# (check, what of the summary): why it is right here all the same.
EXCEPTIONS = {
    ("container-resources", "worker: CPU limit is not set"): "throttling would be told as latency",
    ("container-resources", "nats: CPU limit is not set"): "it is what is measured",
    ("container-image-pull-policy", "worker: ImagePullPolicy is not set to Always"): PULL,
    ("container-image-pull-policy", "operator: ImagePullPolicy is not set to Always"): PULL,
    ("container-image-pull-policy", "nats: ImagePullPolicy is not set to Always"): PULL,
    (
        "pod-networkpolicy",
        ": The pod does not have a matching egress NetworkPolicy",
    ): "what is to be tested is the user's own affair; components/restricted-network restricts it",
    (
        "networkpolicy-targets-pod",
        ": The NetworkPolicys selector doesn't match any pods",
    ): "the empty selector of njst-deny-all is every pod, as restricted-network wants it",
}
# What the chart has beside.
IN_THE_CHART = {
    ("container-image-pull-policy", "test: ImagePullPolicy is not set to Always"): PULL,
    (
        "pod-networkpolicy",
        ": The pod does not have a matching NetworkPolicy",
    ): "the pod of `helm test` listens to nobody, and is there for seconds",
}
ALL = 10
SERVED = ("with-nats", "operator-deployment", "monitoring", "restricted-network")


def judged(text: str) -> set[tuple[str, str]]:
    """Return what is not all right, by check and container."""
    done = subprocess.run(
        [str(KUBE_SCORE.find()), "score", "--output-format", "json", "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    objects: list[Any] = json.loads(done.stdout)
    return {
        (check["check"]["id"], f"{comment['path']}: {comment['summary']}")
        for judged_object in objects
        for check in judged_object["checks"]
        if not check["skipped"] and check["grade"] < ALL
        for comment in check["comments"] or []
    }


def test_nothing_is_found_but_what_is_excepted_and_all_of_that(kube: KubernetesServer) -> None:
    found = set().union(
        *(judged(rendered(kube, MANIFESTS / "overlays" / overlay)) for overlay in SERVED)
    )
    assert found == EXCEPTIONS.keys()


def test_nothing_is_found_in_the_chart_but_that_and_what_is_excepted_there() -> None:
    found = set().union(*(judged(templated(values)) for values in VALUES.values()))
    assert found - EXCEPTIONS.keys() == IN_THE_CHART.keys()


def test_a_container_without_limits_is_found(kube: KubernetesServer) -> None:
    text = rendered(kube, MANIFESTS / "overlays" / "default")
    assert len(judged(text.replace("readOnlyRootFilesystem: true", ""))) > len(judged(text))
