"""`kubectl apply`, client-side and server-side, one after the other and twice of the same file."""

import json
from typing import Any

import pytest
import yaml

from devenv.environment import ROOT, install_crds
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from tests.kubernetes.resources import Json, job, schedule

EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
# What is empty but for its defaults, in every place where a spec can have such an object.
BARE: Json = {
    "target": {},
    "workerSelector": {},
    "streams": [{"name": "S"}],
    "workloads": [
        {"name": "write", "stream": "S", "messages": 1, "publish": {}},
        {"name": "read", "stream": "S", "messages": 1, "consume": {}},
        {"name": "get", "stream": "S", "messages": 1, "get": {}},
    ],
}
SERVER = ("--server-side",)
FORCED = (*SERVER, "--force-conflicts")
OTHER = (*SERVER, "--field-manager=flux")


@pytest.fixture
def here(kube: KubernetesServer, namespace: str) -> list[str]:
    """Arguments for a namespace with the resource types."""
    install_crds(kube)
    return ["--namespace", namespace]


def _schedule(name: str, **spec: Any) -> str:
    document = json.loads(schedule(name))
    document["spec"]["jobTemplate"]["spec"] = {**BARE, **spec}
    return json.dumps(document)


def _workloads(**publish: Any) -> list[Any]:
    first, *others = BARE["workloads"]
    return [{**first, "publish": publish}, *others]


DOCUMENTS = {"job": job("bare", **BARE), "schedule": _schedule("bare")}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_client_side_apply_and_then_a_server_side_one_is_taken(
    kube: KubernetesServer, here: list[str], document: str
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=document)
    for way in (SERVER, SERVER, FORCED, ()):
        kube.kubectl(*here, "apply", *way, "-f", "-", stdin=document)
    (found,) = json.loads(kube.kubectl(*here, "get", "nj,njs", "-o", "json"))["items"]
    assert found["metadata"]["generation"] == 1


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_another_applier_of_the_same_is_taken_too(
    kube: KubernetesServer, here: list[str], document: str
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=document)
    kube.kubectl(*here, "apply", *OTHER, "-f", "-", stdin=document)
    kube.kubectl(*here, "apply", *OTHER, "--force-conflicts", "-f", "-", stdin=document)


def test_another_applier_of_something_else_is_an_ordinary_conflict(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=_schedule("bare"))
    changed = _schedule("bare", workloads=_workloads(window=7))
    with pytest.raises(KubectlError, match=r"conflict.*kubectl-client-side-apply(.|\n)*publish"):
        kube.kubectl(*here, "apply", *OTHER, "-f", "-", stdin=changed)
    kube.kubectl(*here, "apply", *OTHER, "--force-conflicts", "-f", "-", stdin=changed)
    # And back again: what one writer takes out leaves no null behind.
    kube.kubectl(*here, "apply", *FORCED, "-f", "-", stdin=_schedule("bare"))
    found = json.loads(kube.kubectl(*here, "get", "njs", "bare", "-o", "json"))
    assert found["spec"]["jobTemplate"]["spec"]["workloads"][0]["publish"] == {}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_same_file_again_is_unchanged(
    kube: KubernetesServer, here: list[str], document: str
) -> None:
    assert "created" in kube.kubectl(*here, "apply", "-f", "-", stdin=document)
    assert "unchanged" in kube.kubectl(*here, "apply", "-f", "-", stdin=document)


def test_every_example_again_is_unchanged(kube: KubernetesServer, here: list[str]) -> None:
    texts = [text for path in EXAMPLES for text in yaml.safe_load_all(path.read_text())]
    files = "\n---\n".join(yaml.safe_dump(text) for text in texts)
    kube.kubectl(*here, "apply", "-f", "-", stdin=files)
    said = kube.kubectl(*here, "apply", "-f", "-", stdin=files).splitlines()
    assert len(said) == len(texts) > 5
    assert [line for line in said if not line.endswith(" unchanged")] == []
