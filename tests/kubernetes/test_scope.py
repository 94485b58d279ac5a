"""One operator for several namespaces and a label: what it takes, and what it leaves alone."""

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import yaml

from devenv.environment import RBAC, Environment, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    get,
    job,
    jobs_of,
    missed,
    schedule,
    short,
    wait_finished,
    wait_loading,
)

LABEL = {"team": "a"}


@pytest.fixture(scope="module")
def scoped(
    kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """One worker, and one operator for two namespaces, with rights in these and nowhere else."""
    names = [f"scope-{which}-{tmp_path_factory.getbasetemp().name}" for which in "ab"]
    for name in names:
        kube.kubectl("create", "namespace", name)
    documents = list(yaml.safe_load_all(RBAC.read_text()))
    for document in documents:
        for subject in document.get("subjects", []):
            subject["namespace"] = names[0]
    rights = yaml.safe_dump_all(documents)
    kube.kubectl("--namespace", names[1], "apply", "-f", "-", stdin=rights)
    options = ["--namespace", names[1], "--selector", "team in (a, b)", "--resync-seconds=1"]
    folder = tmp_path_factory.mktemp("scope")
    with open_environment(kube, names[0], folder, copies=1, options=options) as environment:
        yield environment


@pytest.fixture
def other(scoped: Environment) -> Environment:
    """The same, in the second namespace."""
    return replace(scoped, namespace=scoped.namespace.replace("scope-a", "scope-b"))


def _labelled(document: str) -> str:
    data: Json = json.loads(document)
    data["metadata"]["labels"] = LABEL
    return json.dumps(data)


def test_jobs_with_the_label_run_in_both_namespaces_and_others_nowhere(
    scoped: Environment, other: Environment
) -> None:
    scoped.kubectl("apply", "-f", "-", stdin=short("unlabelled"))
    scoped.kubectl("apply", "-f", "-", stdin=_labelled(short("one")))
    assert wait_finished(scoped, "one")["status"]["phase"] == "Succeeded"
    other.kubectl("apply", "-f", "-", stdin=_labelled(short("two")))
    assert wait_finished(other, "two")["status"]["phase"] == "Succeeded"
    # Two later ones are over, and nobody has looked at it.
    untouched = get(scoped, "unlabelled")["status"]
    assert (untouched["observedGeneration"], untouched["reason"]) == (-1, "NotTaken")


def test_a_schedule_with_the_label_makes_jobs_with_it(other: Environment) -> None:
    other.kubectl("apply", "-f", "-", stdin=_labelled(schedule("nightly")))
    missed(other, "nightly")
    assert wait_until(lambda: None if jobs_of(other, "nightly") else "none", PATIENCE_S) is None
    (made,) = jobs_of(other, "nightly")
    assert made["metadata"]["labels"].items() >= LABEL.items()
    assert wait_finished(other, made["metadata"]["name"])["status"]["phase"] == "Succeeded"


def test_a_job_that_loses_the_label_goes_on_until_it_is_deleted(scoped: Environment) -> None:
    scoped.kubectl("apply", "-f", "-", stdin=_labelled(job("leaves")))
    uid = wait_loading(scoped, "leaves")["metadata"]["uid"]
    scoped.kubectl("label", "njstjob", "leaves", "team-")
    # A later job of the other kind of words: what came before it has been seen.
    scoped.kubectl("apply", "-f", "-", stdin=_labelled(short("later", cancel=True)))
    wait_finished(scoped, "later")

    def phase() -> str:
        answer = httpx.get(f"{scoped.workers[0].url}/api/v1/jobs/{uid}", timeout=PATIENCE_S)
        return str(answer.json()["phase"])

    assert phase() == "Running"
    scoped.kubectl("delete", "njstjob", "leaves")
    ended = wait_until(lambda: None if phase() == "Cancelled" else phase(), PATIENCE_S)
    assert ended is None


def test_it_says_what_it_watches(scoped: Environment, other: Environment) -> None:
    log = scoped.operators[0].service.command.log.read_text()
    where = f"namespaces {scoped.namespace}, {other.namespace} (team in (a, b))"
    assert f"watches {where} for mesh default" in log
