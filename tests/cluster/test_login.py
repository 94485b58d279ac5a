"""A login from mounted Secrets, renewed while njst runs."""

import json
from pathlib import Path

import trustme
import yaml

from devenv.kubernetes.kubectl import KubectlError
from tests.cluster.install import DATA, STORE, config_volume, configure, install, nats, secret
from tests.cluster.njst import Njst, ready, steady
from tests.kubernetes.resources import Json
from tests.nats.connections.identities import Nkey

CONFIG = f"""
{STORE}
tls {{
  cert_file: "/tls/tls.crt"
  key_file: "/tls/tls.key"
  ca_file: "/tls/ca.crt"
  verify: true
}}
"""
# A Service has its rules a second after its pod is ready.
CONNECT = "import socket; socket.create_connection(('target', 4222), 5)"
SHOW = "print(open('/etc/njst/contexts/user.nk').read(), end='')"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def certificates(alone: Njst, name: str, authority: trustme.CA, host: str) -> None:
    """Write or renew a Secret as cert-manager writes it."""
    leaf = authority.issue_cert(host)
    files = {
        "tls.crt": leaf.cert_chain_pems[0].bytes().decode(),
        "tls.key": leaf.private_key_pem.bytes().decode(),
        "ca.crt": authority.cert_pem.bytes().decode(),
    }
    secret(alone, name, files)


def start(alone: Njst) -> None:
    """Start a server that wants a certificate; its store outlives it."""
    nats(
        alone,
        "--config=/config/nats.conf",
        volumes=[
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            config_volume("nats"),
            {"name": "tls", "secret": {"secretName": "nats-tls", "defaultMode": 0o440}},
        ],
    )


def test_client_certificates_are_renewed_without_a_restart(alone: Njst, tmp_path: Path) -> None:
    alone.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(CLAIM))
    configure(alone, "nats", CONFIG)
    first = trustme.CA()
    certificates(alone, "nats-tls", first, "nats")
    certificates(alone, "njst-tls", first, "njst")
    start(alone)
    install(alone, tmp_path, ["NJST_NATS=tls://nats:4222"], ["login-mtls"])
    alone.rolled_out()
    alone.kubectl("apply", "-f", "-", stdin=steady("before", 2))
    assert alone.wait_finished("before")["phase"] == "Succeeded"

    # Nobody trusts the first authority any more: not the server that comes, not njst.
    second = trustme.CA()
    alone.kubectl("delete", "pod", "nats", "--grace-period=1")
    certificates(alone, "nats-tls", second, "nats")
    certificates(alone, "njst-tls", second, "njst")
    alone.wait(lambda: not ready(alone.pods()[0]), said=alone.pods)
    start(alone)
    alone.wait(lambda: ready(alone.pods()[0]), said=alone.pods)
    alone.kubectl("apply", "-f", "-", stdin=steady("after", 2))
    assert alone.wait_finished("after")["phase"] == "Succeeded"
    (pod,) = alone.pods()
    assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0, 0]


def works(alone: Njst, *command: str) -> bool:
    try:
        alone.kubectl(*command)
    except KubectlError:
        return False
    return True


def test_a_target_s_context_and_its_nkey_are_renewed_without_a_restart(
    alone: Njst, tmp_path: Path
) -> None:
    """Two servers: one carries the mesh, the other is the target that a context names."""

    def let_in(key: Nkey) -> None:
        alone.kubectl("delete", "pod", "target", "--ignore-not-found", "--grace-period=1")
        users = f"authorization {{ users = [{{nkey: {key.public}}}] }}\n"
        configure(alone, "target", users + STORE)
        nats(alone, "--config=/config/nats.conf", name="target", volumes=[DATA, config])

    def mount(key: Nkey) -> None:
        context = {"url": "nats://target:4222", "nkey": "/etc/njst/contexts/user.nk"}
        secret(alone, "njst-contexts", {"target.json": json.dumps(context), "user.nk": key.seed})

    def run(name: str) -> Json:
        alone.kubectl("apply", "-f", "-", stdin=steady(name, 2, target={"context": "target"}))
        return alone.wait_finished(name)

    config = config_volume("target")
    first, second = Nkey.make(), Nkey.make()
    nats(alone, "--jetstream", "--store_dir=/data")
    let_in(first)
    mount(first)
    install(alone, tmp_path, ["NJST_NATS=nats://nats:4222"])
    alone.rolled_out()
    assert run("before")["phase"] == "Succeeded"

    let_in(second)
    inside = ("exec", "njst-worker-0", "-c", "worker", "--", "python", "-c")
    alone.wait(lambda: works(alone, *inside, CONNECT), said=lambda: "no way to the target")
    refused = run("refused")
    assert (refused["phase"], refused["reason"]) == ("Failed", "TargetLoginRefused"), refused

    mount(second)
    alone.wait(lambda: alone.kubectl(*inside, SHOW) == second.seed, said=lambda: "the old key")
    assert run("after")["phase"] == "Succeeded"
    (pod,) = alone.pods()
    assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0, 0]
