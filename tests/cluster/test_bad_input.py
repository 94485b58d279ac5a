"""Pods that lack something say so in one line of their log and in what `kubectl describe` shows."""

import json
import struct
from pathlib import Path

from devenv.cluster.images.image_archive import Image, write_program_image
from devenv.environment import CRDS, wait_served
from devenv.kubernetes.kubectl import KubectlError
from njst.contract.names.kubernetes import PLURAL
from tests.cluster.install import (
    DATA,
    STORE,
    config_volume,
    configure,
    install,
    nats,
    secret,
    start_nats,
)
from tests.cluster.njst import Njst, steady
from tests.documented import is_documented
from tests.loglines import parsed
from tests.nats.connections.identities import Operator

FOREIGN = "njst.local/foreign:1"


def assert_said(alone: Njst, container: str, *parts: str) -> None:
    """The words are in an event of the pod, in its log and in the docs; no line is said twice.

    There is no event of an operator: beside a worker it has no probe.
    Another line may have come before them: a name that the cluster's DNS does not know yet.
    """

    def warnings() -> list[str]:
        if not (alone.pods() and container in started(alone)):
            return []
        logged = alone.kubectl("logs", "njst-worker-0", "-c", container)
        return [line.message for line in parsed(logged) if line.level == "WARNING"]

    def said() -> bool:
        return any(all(part in line for part in parts) for line in warnings()[-1:])

    alone.wait(said, said=lambda: (warnings(), [pod["status"] for pod in alone.pods()]))
    lines = warnings()
    assert len(set(lines)) == len(lines), lines
    words, again, _ = lines[-1].partition("; trying again")
    assert again
    assert is_documented(words), words
    if container == "operator":
        return
    alone.wait(
        lambda: any(words in event["message"] for event in alone.get("events")["items"]),
        said=lambda: [event["message"] for event in alone.get("events")["items"]],
    )


def started(alone: Njst) -> set[str]:
    statuses = alone.pods()[0]["status"].get("containerStatuses", [])
    return {status["name"] for status in statuses if "running" in status["state"]}


def test_no_nats(alone: Njst, tmp_path: Path) -> None:
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222"])
    assert_said(alone, "worker", "nats://nats:4222", "no answer")
    assert_said(alone, "operator", "nats://nats:4222", "no answer")

    nats(alone, "--jetstream", "--store_dir=/data")
    alone.rolled_out()  # It has waited for it, and nothing was restarted.
    assert restarts(alone) == [0, 0]


def test_nats_without_jetstream(alone: Njst, tmp_path: Path) -> None:
    nats(alone)
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222"])
    assert_said(alone, "worker", "JetStream is not enabled")
    assert_said(alone, "operator", "JetStream is not enabled")


def test_a_wrong_key_in_a_secret(alone: Njst, tmp_path: Path) -> None:
    alone.kubectl("create", "secret", "generic", "njst-login", "--from-literal=user.creds=x")
    creds = "NATS_CREDS=/etc/njst/login/nats.creds"
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222", creds])
    assert_said(alone, "worker", "/etc/njst/login/nats.creds: No such file", "there: user.creds")
    assert_said(alone, "operator", "/etc/njst/login/nats.creds: No such file", "there: user.creds")


def test_an_operator_without_rights_and_then_without_resource_types(
    alone: Njst, tmp_path: Path
) -> None:
    nats(alone, "--jetstream", "--store_dir=/data")
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222"])
    alone.rolled_out()
    (binding,) = alone.get("rolebindings")["items"]
    alone.kubectl("delete", "rolebinding", binding["metadata"]["name"])
    alone.kubectl("delete", "pod", "njst-worker-0")
    assert_said(
        alone, "operator", "the operator may not list njstjobs", "apply the operator's role"
    )
    works_in_its_service(alone)
    alone.kubectl("apply", "-f", "-", stdin=json.dumps(_fresh(binding)))

    alone.cluster.kubectl("delete", "-k", str(CRDS))
    alone.kubectl("delete", "pod", "njst-worker-0")
    assert_said(alone, "operator", "njstjobs.njst.io is not installed", "kubectl apply")
    works_in_its_service(alone)
    alone.cluster.kubectl("apply", "--server-side", "-k", str(CRDS))
    wait_served(alone.cluster, PLURAL)
    alone.kubectl("apply", "-f", "-", stdin=steady("after", 1))
    assert alone.wait_finished("after")["phase"] == "Succeeded"
    assert restarts(alone) == [0, 0]


def works_in_its_service(alone: Njst) -> None:
    """The pod is ready whatever its operator lacks, and the Service leads to its worker."""
    alone.rolled_out()

    def answer() -> object:
        try:
            return alone.ask("/api/v1/cluster")["count"]
        except KubectlError as error:
            return error  # a Service has its rules a second after its pod is ready

    alone.wait(lambda: answer() == 1, said=answer)


def test_credentials_that_have_expired_and_are_renewed(alone: Njst, tmp_path: Path) -> None:
    authority = Operator()
    configure(alone, "nats", authority.config() + STORE)
    nats(alone, "--config=/config/nats.conf", volumes=[DATA, config_volume("nats")])
    secret(alone, "njst-login", {"nats.creds": authority.user(seconds=-60).creds()})
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222"], ["login-creds"])
    assert_said(alone, "worker", "the user JWT expired at 20")
    assert_said(alone, "operator", "the user JWT expired at 20")

    secret(alone, "njst-login", {"nats.creds": authority.user().creds()})
    alone.rolled_out()
    assert restarts(alone) == [0, 0]


def test_a_nats_whose_disk_cannot_be_written_to(alone: Njst) -> None:
    """njst itself writes to none. The folder is root's, and the server is not."""
    start_nats(alone, "--jetstream", "--store_dir=/nowhere")
    (line,) = (line for line in last_words(alone, "nats").splitlines() if "[FTL]" in line)
    assert is_documented(line[line.index("[FTL]") :]), line
    assert line in alone.kubectl("describe", "pod", "nats")


def test_an_image_of_another_architecture(alone: Njst, tmp_path: Path) -> None:
    program, archive = tmp_path / "njst", tmp_path / "image.tar"
    program.write_bytes(elf_for_another_machine())
    write_program_image(archive, Image(FOREIGN, ["/usr/local/bin/njst"]), program)
    alone.cluster.load(archive)
    container = {
        "name": "worker",
        "image": FOREIGN,
        "imagePullPolicy": "Never",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "foreign"},
        "spec": {
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
    alone.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    line = last_words(alone, "foreign").strip()
    assert is_documented(line), line
    assert line in alone.kubectl("describe", "pod", "foreign")


def elf_for_another_machine() -> bytes:
    """Return the head of a program that no node of ours runs: elf(5), e_machine is EM_S390."""
    identification = b"\x7fELF\x02\x02\x01" + bytes(9)
    return identification + struct.pack(">HHI", 2, 22, 1) + bytes(1000)


def last_words(alone: Njst, pod: str) -> str:
    """Return the message with which a pod's container ended, once it has."""

    def ended() -> str:
        statuses = alone.get("pod", pod)["status"].get("containerStatuses", [])
        states = [status["state"] for status in statuses]
        return "".join(state.get("terminated", {}).get("message", "") for state in states)

    alone.wait(lambda: bool(ended()), said=lambda: alone.get("pod", pod)["status"])
    return ended()


def restarts(alone: Njst) -> list[int]:
    """Return how often each container of the worker's pod was started again."""
    (pod,) = alone.pods()
    return [status["restartCount"] for status in pod["status"]["containerStatuses"]]


def _fresh(resource: dict[str, object]) -> dict[str, object]:
    metadata = resource["metadata"]
    assert isinstance(metadata, dict)
    kept = {"name": metadata["name"]}
    return {**resource, "metadata": kept}
