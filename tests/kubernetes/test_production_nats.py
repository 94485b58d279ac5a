"""The component production of overlays/with-nats: its servers start with login and TLS alone."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from devenv.environment import MANIFESTS
from devenv.kubernetes.api_server import KubernetesServer
from njst.local.nats_binary import nats_server_binary
from tests.kubernetes.installing import rendered

# What the comment in kustomization.yaml says of the Secret nats-auth.
AUTH = """
accounts {
  NJST: {jetstream: enabled, users: [{user: njst, password: "secret"}]}
  SYS: {users: [{user: sys, password: "secret"}]}
}
system_account: SYS
"""


@pytest.fixture
def objects(kube: KubernetesServer) -> list[Any]:
    text = rendered(kube, MANIFESTS / "overlays" / "with-nats-production")
    return list(yaml.safe_load_all(text))


@pytest.fixture
def files(objects: list[Any], tmp_path: Path) -> Path:
    """The files of a server as they are in its pod, below a folder that takes the place of /."""
    (settings,) = (
        d["data"]
        for d in objects
        if d["metadata"]["name"].startswith("nats-") and d["kind"] == "ConfigMap"
    )
    for name in ("nats", "nats-auth", "nats-tls"):
        (tmp_path / "etc" / name).mkdir(parents=True)
    config = settings["nats.conf"].replace('"/etc/', f'"{tmp_path}/etc/')
    (tmp_path / "etc/nats/nats.conf").write_text(config)
    (tmp_path / "etc/nats-auth/auth.conf").write_text(AUTH)
    authority = trustme.CA()
    made = authority.issue_cert("nats", "*.nats-headless", "localhost")
    made.private_key_pem.write_to_path(tmp_path / "etc/nats-tls/tls.key")
    made.cert_chain_pems[0].write_to_path(tmp_path / "etc/nats-tls/tls.crt")
    authority.cert_pem.write_to_path(tmp_path / "etc/nats-tls/ca.crt")
    return tmp_path


def checked(files: Path) -> subprocess.CompletedProcess[str]:
    """Return what nats-server says of its configuration."""
    return subprocess.run(
        [str(nats_server_binary()), "-t", "--config", str(files / "etc/nats/nats.conf")],
        env={"POD_NAME": "nats-0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_configuration__with_the_secrets__is_valid(files: Path) -> None:
    done = checked(files)
    assert (done.returncode, "is valid" in done.stderr) == (0, True), done.stderr


@pytest.mark.parametrize("missing", ["nats-auth/auth.conf", "nats-tls/tls.key", "nats-tls/ca.crt"])
def test_configuration__without_a_secret__is_refused(files: Path, missing: str) -> None:
    """So that no server starts open."""
    (files / "etc" / missing).unlink()
    assert checked(files).returncode != 0


def test_every_file_of_the_configuration__is_mounted(objects: list[Any]) -> None:
    (owner,) = (
        d for d in objects if d["kind"] == "StatefulSet" and d["metadata"]["name"] == "nats"
    )
    pod = owner["spec"]["template"]["spec"]
    server, metrics = pod["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in server["volumeMounts"]}
    secrets = {v["name"]: v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v}
    assert secrets[mounts["/etc/nats-auth"]] == "nats-auth"
    assert secrets[mounts["/etc/nats-tls"]] == "nats-tls"
    assert pod["affinity"]["podAntiAffinity"].keys() == {
        "requiredDuringSchedulingIgnoredDuringExecution"
    }
    resources = server["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "2Gi"
    (goal,) = (e["value"] for e in server["env"] if e["name"] == "GOMEMLIMIT")
    assert 0.75 < int(goal.removesuffix("MiB")) / 2048 < 0.85
    assert metrics["args"][-1] == "http://127.0.0.1:8222/"


def test_workers__log_in_over_tls(objects: list[Any]) -> None:
    (settings,) = (
        d["data"] for d in objects if d["kind"] == "ConfigMap" and "NJST_NATS" in d["data"]
    )
    assert all(url.startswith("tls://nats-") for url in settings["NJST_NATS"].split(","))
    assert settings["NATS_CA"] == "/etc/njst/login/ca.crt"
