"""NjstJobs by hand: kubectl's own ways to make and to change one, and what it says to a mistake."""

import json
from pathlib import Path

import pytest

from devenv.environment import install_crds
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from tests.kubernetes.resources import Json, short

FIXED = "a job cannot be changed but for suspend, cancel, ttlSecondsAfterFinished"


@pytest.fixture
def here(kube: KubernetesServer, namespace: str) -> list[str]:
    """Arguments for a namespace with the resource types."""
    install_crds(kube)
    return ["--namespace", namespace]


def spec_of(kube: KubernetesServer, here: list[str]) -> Json:
    document: Json = json.loads(kube.kubectl(*here, "get", "njstjob", "job", "-o", "json"))
    spec: Json = document["spec"]
    return spec


@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client", "server"])
def test_applied_twice_is_unchanged_and_without_a_difference(
    kube: KubernetesServer, here: list[str], way: tuple[str, ...]
) -> None:
    document = short("job", ttlSecondsAfterFinished=60)
    kube.kubectl(*here, "apply", *way, "-f", "-", stdin=document)
    before = kube.kubectl(*here, "get", "njstjob", "job", "-o", "json")
    kube.kubectl(*here, "diff", *way, "-f", "-", stdin=document)
    kube.kubectl(*here, "apply", *way, "-f", "-", stdin=document)
    after = kube.kubectl(*here, "get", "njstjob", "job", "-o", "json")
    assert json.loads(after)["metadata"]["generation"] == 1
    assert json.loads(after)["spec"] == json.loads(before)["spec"]
    kube.kubectl(*here, "apply", *way, "-f", "-", stdin=short("job", ttlSecondsAfterFinished=61))
    assert spec_of(kube, here)["ttlSecondsAfterFinished"] == 61
    with pytest.raises(KubectlError, match=FIXED):
        kube.kubectl(*here, "apply", *way, "-f", "-", stdin=short("job", onWorkerLoss="Fail"))


def test_kubectl_diff__shows_and_rejects_what_apply_would(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=short("job"))
    with pytest.raises(KubectlError, match=r"diff -f -: $"):  # a difference, no error
        kube.kubectl(*here, "diff", "-f", "-", stdin=short("job", cancel=True))
    with pytest.raises(KubectlError, match=FIXED):
        kube.kubectl(*here, "diff", "-f", "-", stdin=short("job", onWorkerLoss="Fail"))


def test_replace_changes_what_may_change_and_keeps_the_status(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "create", "-f", "-", stdin=short("job", suspend=True))
    path = "jsonpath={.status}"
    before = kube.kubectl(*here, "get", "njstjob", "job", "-o", path)
    kube.kubectl(*here, "replace", "-f", "-", stdin=short("job"))
    assert spec_of(kube, here)["suspend"] is False
    assert kube.kubectl(*here, "get", "njstjob", "job", "-o", path) == before
    # A field that goes one way only may be set back, and is ignored then: a refusal would hold up
    # all else that GitOps applies with it.
    kube.kubectl(*here, "replace", "-f", "-", stdin=short("job", suspend=True))
    kube.kubectl(*here, "replace", "-f", "-", stdin=short("job", cancel=True))
    kube.kubectl(*here, "replace", "-f", "-", stdin=short("job"))


def test_spec__only_description_and_early_priority__can_change(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=short("job", suspend=True))
    change = ("patch", "nj", "job", "--type=merge", "-p")
    kube.kubectl(*here, *change, '{"spec":{"priority":5,"description":"one"}}')
    accepted = '{"status":{"jobId":"j","phase":"Pending"}}'
    kube.kubectl(*here, *change, accepted, "--subresource=status")
    with pytest.raises(KubectlError, match="priority cannot be changed any more: the job has been"):
        kube.kubectl(*here, *change, '{"spec":{"priority":6}}')
    kube.kubectl(*here, *change, '{"spec":{"description":"two"}}')
    assert (spec_of(kube, here)["priority"], spec_of(kube, here)["description"]) == (5, "two")


def test_edit_changes_what_may_change_and_says_why_not(
    kube: KubernetesServer, here: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube.kubectl(*here, "apply", "-f", "-", stdin=short("job", ttlSecondsAfterFinished=60))
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/AfterFinished: 60/AfterFinished: 70/'")
    kube.kubectl(*here, "edit", "njstjob", "job")
    assert spec_of(kube, here)["ttlSecondsAfterFinished"] == 70
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/messages: 300/messages: 301/'")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(KubectlError, match="is invalid"):
        kube.kubectl(*here, "edit", "njstjob", "job")
    # The editor is opened again with the reason above the document.
    kept = "".join(path.read_text() for path in tmp_path.glob("kubectl-edit-*.yaml"))
    comments = [line.lstrip("# ") for line in kept.splitlines() if line.startswith("#")]
    assert FIXED in " ".join(comments)
    assert spec_of(kube, here)["workloads"][0]["messages"] == 300


def test_a_mistake_is_told_with_its_field(kube: KubernetesServer, here: list[str]) -> None:
    for document, said in (
        (short("job", onWorkerLoss="Panic"), 'spec.onWorkerLoss: Unsupported value: "Panic"'),
        (short("job", workerz=3), 'unknown field "spec.workerz"'),
        (short("job", thresholds=[{"metric": "Errors"}]), r"spec.thresholds\[0\]"),
    ):
        with pytest.raises(KubectlError, match=said):
            kube.kubectl(*here, "apply", "-f", "-", stdin=document)


def test_jobs_are_found_by_their_short_names_and_by_what_they_are(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "create", "-f", "-", stdin=short("job", suspend=True))
    for name in ("nj", "njstjob", "njstjobs", "nats"):
        assert "njstjob.njst.io/job" in kube.kubectl(*here, "get", name, "-o", "name"), name
    # A category is asked for by name alone: `all` is not ours to join.
    assert kube.kubectl(*here, "get", "all", "-o", "name") == ""
    for selector, found in (
        ("spec.suspend=true", "njstjob.njst.io/job\n"),
        ("spec.suspend=false", ""),
        ("status.phase=Running", ""),
    ):
        listed = kube.kubectl(*here, "get", "nj", "--field-selector", selector, "-o", "name")
        assert listed == found, selector


def test_a_line_says_how_a_job_is_and_a_wide_one_why(
    kube: KubernetesServer, here: list[str]
) -> None:
    kube.kubectl(*here, "create", "-f", "-", stdin=short("job", suspend=True))
    head = kube.kubectl(*here, "get", "nj").splitlines()[0].split()
    assert " ".join(head) == "NAME STATUS WORKERS MSGS/S P99(US) ERRORS VERDICT LIMITED AGE"
    wide = kube.kubectl(*here, "get", "nj", "-o", "wide").splitlines()[0].split()
    assert wide == [*head, "TARGET", "BYTES/S", "DURATION", "REASON"]
