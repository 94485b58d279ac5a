"""Starts the parts of Kubernetes in a sandbox, each as itself to the API server."""

import secrets
import socket
import subprocess
import sys
from pathlib import Path

from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.node import node_settings
from devenv.cluster.node.node_settings import (
    ADDRESS,
    API_PORT,
    CERTIFICATES,
    NODE_NAME,
    SETTINGS,
    User,
)
from devenv.cluster.node.sandbox import Sandbox
from devenv.environment import ROOT
from devenv.kubernetes.kubeconfig import kubeconfig
from devenv.kubernetes.kubectl import Kubectl, KubectlError
from njst.local.wait_until import wait_until

_API = "/opt/kubernetes/api"
_NODE = "/opt/kubernetes/node"
_READY_TIMEOUT_S = 120.0
_CONTROLLERS = "kube-controller-manager"
_SCHEDULER = "kube-scheduler"
_PROXY = "kube-proxy"
_KUBELET = "kubelet"


class Node:
    """One node that is the whole cluster; `state` is the folder it lives in."""

    def __init__(self, sandbox: Sandbox, state: Path, cgroup: str) -> None:
        self._sandbox = sandbox
        self._state = state
        self._cgroup = cgroup
        self._users = {
            name: User(f"system:{name}", secrets.token_urlsafe(24))
            for name in (_CONTROLLERS, _SCHEDULER, _PROXY)
        }
        token = secrets.token_urlsafe(24)
        self._users[_KUBELET] = User(f"system:node:{NODE_NAME}", token, "system:nodes")
        self._admin = User("admin", secrets.token_urlsafe(24), "system:masters")

    def start_runtime(self) -> None:
        """Start containerd; return when it can take images.

        Raises:
            ClusterError: it does not answer.
        """
        self._write("/etc/containerd/config.toml", node_settings.CONTAINERD)
        self._write("/etc/cni/net.d/10-pods.conflist", node_settings.CNI)
        self._sandbox.launch("containerd.log", "containerd")
        self._wait("containerd", "ctr", "version")

    def start_api(self, kubectl: Path) -> Kubectl:
        """Start etcd and kube-apiserver; return an administrator's kubectl when they answer.

        Raises:
            ClusterError: they do not answer.
        """
        users = [self._admin, *self._users.values()]
        self._write(f"{SETTINGS}/tokens.csv", node_settings.token_file(users))
        self._sandbox.launch("etcd.log", *_etcd())
        self._sandbox.launch("kube-apiserver.log", *_apiserver())
        url = f"https://127.0.0.1:{self._relay()}"
        admin = self._state / "kubeconfig"
        certificate = self._state / "upper" / CERTIFICATES.lstrip("/") / "apiserver.crt"
        client = Kubectl(kubectl, admin, self._state / "home")

        def lacks() -> str | None:
            text = certificate.read_bytes()
            _write_secret(admin, _kubeconfig(url, text, self._admin))
            try:
                client("get", "--raw", "/readyz", timeout_s=5.0)
                client("get", "namespace", "default", timeout_s=5.0)
            except KubectlError as error:
                return str(error)
            return None

        lacking = wait_until(lacks, _READY_TIMEOUT_S)
        if lacking is not None:
            raise ClusterError(f"kube-apiserver: {lacking}\n{self.log_tail('kube-apiserver')}")
        inside = f"https://{ADDRESS}:{API_PORT}"
        for part, user in self._users.items():
            self._write(
                f"{SETTINGS}/{part}.kubeconfig",
                _kubeconfig(inside, certificate.read_bytes(), user),
            )
        return client

    def start_node(self) -> None:
        """Start what makes pods of objects; does not wait until it has done so."""
        self._write(f"{SETTINGS}/kubelet.yaml", node_settings.kubelet(self._cgroup))
        self._sandbox.run("mkdir", "-p", *node_settings.volume_folders())
        self._sandbox.launch(f"{_CONTROLLERS}.log", *_controllers())
        self._sandbox.launch(f"{_SCHEDULER}.log", *_scheduler())
        self._sandbox.launch(f"{_KUBELET}.log", *_kubelet())
        self._sandbox.launch(f"{_PROXY}.log", *_proxy())

    def log_tail(self, part: str, lines: int = 12) -> str:
        path = self._state / "log" / f"{part}.log"
        written = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(written[-lines:])

    def _relay(self) -> int:
        """Open a port on this machine's loopback that leads to the API server; return it."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
            inside = (str(self._sandbox.pid), ADDRESS, str(API_PORT))
            module = (
                sys.executable,
                "-m",
                "devenv.cluster.node.loopback_relay",
                str(listener.fileno()),
            )
            with (self._state / "log" / "relay.log").open("wb") as log:
                subprocess.run(
                    [
                        *("setsid", "--fork"),
                        *self._sandbox.argv(*module, *inside, namespaces=("--net",)),
                    ],
                    cwd=ROOT,
                    pass_fds=[listener.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=True,
                )
        return port

    def _write(self, path: str, text: str) -> None:
        """Write a file inside the node that is nobody else's."""
        command = 'umask 077; mkdir -p "$(dirname "$1")"; cat > "$1"'
        self._sandbox.run("/bin/sh", "-c", command, "sh", path, stdin=text)

    def _wait(self, part: str, *check: str) -> None:
        def lacks() -> str | None:
            try:
                self._sandbox.run(*check)
            except ClusterError as error:
                return str(error)
            return None

        lacking = wait_until(lacks, _READY_TIMEOUT_S)
        if lacking is not None:
            raise ClusterError(f"{part}: {lacking}\n{self.log_tail(part)}")


def _kubeconfig(url: str, ca_pem: bytes, user: User) -> str:
    return kubeconfig(
        server=url,
        ca_pem=ca_pem,
        user=user.name,
        token=user.token,
        namespace="default",
        certified_name="kubernetes.default.svc",
    )


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _etcd() -> list[str]:
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        *(f"{_API}/etcd", "--name=default", "--data-dir=/var/lib/etcd", "--log-level=warn"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        # Data that does not outlive the node need not reach the disk.
        *(f"--initial-cluster=default={peer}", "--unsafe-no-fsync"),
    ]


def _apiserver() -> list[str]:
    # The server creates its TLS key before it reads this one, so no other tool has to create one.
    signing_key = f"{CERTIFICATES}/apiserver.key"
    return [
        *(f"{_API}/kube-apiserver", "--etcd-servers=http://127.0.0.1:2379"),
        *(f"--advertise-address={ADDRESS}", f"--secure-port={API_PORT}"),
        *(f"--cert-dir={CERTIFICATES}", f"--token-auth-file={SETTINGS}/tokens.csv"),
        *("--authorization-mode=Node,RBAC", "--allow-privileged=true"),
        "--enable-admission-plugins=NodeRestriction",
        f"--service-account-issuer={node_settings.SERVICE_ACCOUNT_ISSUER}",
        f"--service-account-key-file={signing_key}",
        f"--service-account-signing-key-file={signing_key}",
        f"--service-cluster-ip-range={node_settings.SERVICE_NETWORK}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _controllers() -> list[str]:
    return [
        f"{_NODE}/{_CONTROLLERS}",
        *_as_client(_CONTROLLERS),
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={CERTIFICATES}/apiserver.key",
        f"--root-ca-file={CERTIFICATES}/apiserver.crt",
        "--leader-elect=false",
        f"--cert-dir=/run/{_CONTROLLERS}",
    ]


def _scheduler() -> list[str]:
    return [
        f"{_NODE}/{_SCHEDULER}",
        *_as_client(_SCHEDULER),
        "--leader-elect=false",
        f"--cert-dir=/run/{_SCHEDULER}",
    ]


def _as_client(part: str) -> list[str]:
    path = f"{SETTINGS}/{part}.kubeconfig"
    return [
        *(f"--kubeconfig={path}", f"--authentication-kubeconfig={path}"),
        *(f"--authorization-kubeconfig={path}", "--authentication-tolerate-lookup-failure=true"),
    ]


def _kubelet() -> list[str]:
    return [
        *(f"{_NODE}/{_KUBELET}", f"--config={SETTINGS}/kubelet.yaml"),
        f"--kubeconfig={SETTINGS}/{_KUBELET}.kubeconfig",
        *(f"--hostname-override={NODE_NAME}", f"--node-ip={ADDRESS}"),
        "--cert-dir=/var/lib/kubelet/pki",
    ]


def _proxy() -> list[str]:
    return [
        *(f"{_NODE}/{_PROXY}", f"--kubeconfig={SETTINGS}/{_PROXY}.kubeconfig"),
        *(f"--hostname-override={NODE_NAME}", "--proxy-mode=iptables"),
        f"--cluster-cidr={node_settings.POD_NETWORK}",
        # The machine's table of connections is not ours to size.
        *("--conntrack-max-per-core=0", "--conntrack-min=0"),
        *("--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s"),
    ]
