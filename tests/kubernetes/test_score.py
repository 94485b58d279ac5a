"""kube-score judges the manifests; each exception is here with its reason, and none is too many."""

import json
import subprocess
from typing import Any

from devenv.environment import MANIFESTS
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.go_tool import KUBE_SCORE
from tests.kubernetes.installing import OVERLAYS, rendered
from tests.kubernetes.test_chart import VALUES, templated

WORKER, OPERATOR = "StatefulSet njst/njst-worker", "Deployment njst/njst-operator"
NATS, TEST = "StatefulSet njst/nats", "Pod njst/njst-test"
PULL = (
    "pinned versions: nothing newer comes under the same name, and a node that has it may start it"
)
EGRESS = (
    "what is to be tested is the user's own affair; components/restricted-network restricts it, and"
    " networkPolicy.restrictEgress of the chart"
)
NO_EGRESS = ("pod-networkpolicy", ": The pod does not have a matching egress NetworkPolicy")
# (object, check, container and summary): why it is right there all the same.
EXCEPTIONS = {
    (WORKER, "container-resources", "worker: CPU limit is not set"): "throttling shows as latency",
    (NATS, "container-resources", "nats: CPU limit is not set"): "it is what is measured",
    **{
        (
            owner,
            "container-image-pull-policy",
            f"{part}: ImagePullPolicy is not set to Always",
        ): PULL
        for owner, part in (
            (WORKER, "worker"),
            (WORKER, "operator"),
            (OPERATOR, "operator"),
            (NATS, "nats"),
            (NATS, "metrics"),
        )
    },
    (WORKER, *NO_EGRESS): EGRESS,
    (OPERATOR, *NO_EGRESS): EGRESS,
}
# What the chart has beside.
IN_THE_CHART = {
    (TEST, "container-image-pull-policy", "test: ImagePullPolicy is not set to Always"): PULL,
    (TEST, "pod-networkpolicy", ": The pod does not have a matching NetworkPolicy"): (
        "the pod of `helm test` listens to nobody, and is there for seconds"
    ),
}
ALL = 10


def judged(text: str) -> set[tuple[str, str, str]]:
    """Return what is not all right, by object, check and container."""
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
        (_name(judged_object), check["check"]["id"], f"{comment['path']}: {comment['summary']}")
        for judged_object in objects
        for check in judged_object["checks"]
        if not check["skipped"] and check["grade"] < ALL
        for comment in check["comments"] or []
    }


def _name(judged_object: Any) -> str:
    meta = judged_object["object_meta"]
    return f"{judged_object['type_meta']['kind']} {meta.get('namespace', '')}/{meta['name']}"


def test_nothing_is_found_but_what_is_excepted_and_all_of_that(kube: KubernetesServer) -> None:
    found = {
        overlay: judged(rendered(kube, MANIFESTS / "overlays" / overlay)) for overlay in OVERLAYS
    }
    assert set().union(*found.values()) == EXCEPTIONS.keys()
    # It is there for that: nothing has to be excepted.
    assert not [what for what in found["restricted-network"] if what[1:] == NO_EGRESS]


def test_nothing_is_found_in_the_chart_but_that_and_what_is_excepted_there() -> None:
    found = set().union(*(judged(templated(values)) for values in VALUES.values()))
    assert found - EXCEPTIONS.keys() == IN_THE_CHART.keys()
    assert not [what for what in judged(templated(VALUES["network"])) if what[1:] == NO_EGRESS]


def test_a_container_without_limits_is_found(kube: KubernetesServer) -> None:
    text = rendered(kube, MANIFESTS / "overlays" / "default")
    assert len(judged(text.replace("readOnlyRootFilesystem: true", ""))) > len(judged(text))
