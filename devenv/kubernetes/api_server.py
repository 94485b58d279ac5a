"""A Kubernetes API server with its etcd, as child processes of this one.

with KubernetesServer.start(find_binaries()) as kube:
    kube.kubectl("apply", "-f", "crds/")
"""

import http.client
import secrets
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from devenv.kubernetes.kubeconfig import kubeconfig
from devenv.kubernetes.kubectl import Kubectl
from devenv.programs.kubernetes_binaries import Binaries
from njst.local.reserved_port import LOOPBACK, ReservedPort
from njst.local.server_process import Command, ServerProcess
from njst.local.work_folder import WorkFolder

READY_TIMEOUT_S = 60.0
_ANSWER_TIMEOUT_S = 2.0
_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, userGroups: ["system:serviceaccounts"]}
  - {level: None}
"""


class KubernetesServer:
    """etcd and kube-apiserver on 127.0.0.1, with RBAC, in one folder, until `close`.

    `audit_log` tells, a JSON document a line, what service accounts have asked for.
    `etcd` and `apiserver` can each be stopped, killed and restarted; ports, data, the admin's
    token and issued tokens stay the same. `admin_kubeconfig` is a cluster admin's.
    """

    def __init__(self, binaries: Binaries, *, folder: Path | None = None) -> None:
        """Prepare without starting; `start` does both.

        Args:
            binaries: from `find_binaries` or `fetch_binaries`.
            folder: holds data, certificates, logs and the kubeconfig; None: a temporary one.
        Raises:
            LocalServerError: the folder cannot be made.
        """
        self._folder = WorkFolder(folder, prefix="njst-kubernetes-")
        self._port = ReservedPort()
        self._etcd_port = ReservedPort()
        self._etcd_peer_port = ReservedPort()
        self._admin_token = secrets.token_urlsafe(24)
        self.audit_log = self.folder / "audit.log"
        self._audit_policy = self.folder / "audit-policy.yaml"
        self._audit_policy.write_text(_AUDIT_POLICY)
        self._tokens = self.folder / "tokens.csv"
        _write_secret(self._tokens, f'{self._admin_token},admin,admin,"system:masters"\n')
        self.etcd = ServerProcess(self._etcd_command(binaries.etcd), self._etcd_lacks)
        self.apiserver = ServerProcess(
            self._apiserver_command(binaries.kube_apiserver), self._api_lacks
        )
        self.admin_kubeconfig = self.folder / "kubeconfig"
        self.kubectl = Kubectl(binaries.kubectl, self.admin_kubeconfig, self.folder / "home")

    @classmethod
    def start(
        cls,
        binaries: Binaries,
        *,
        folder: Path | None = None,
        timeout_s: float = READY_TIMEOUT_S,
    ) -> Self:
        """Return a server that answers; the arguments are those of `__init__`.

        Raises:
            LocalServerError: etcd or kube-apiserver cannot start; with its last log lines.
        """
        server = cls(binaries, folder=folder)
        try:
            server.etcd.launch()
            server.apiserver.launch()
            server.wait_ready(timeout_s)
            server.write_kubeconfig(
                server.admin_kubeconfig, user="admin", token=server._admin_token
            )
        except BaseException:
            server.close()
            raise
        return server

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def url(self) -> str:
        return f"https://{self._port.address}"

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when etcd and the API server answer.

        Raises:
            LocalServerError: one ended, or does not after `timeout_s` each.
        """
        self.etcd.wait_ready(timeout_s)
        self.apiserver.wait_ready(timeout_s)

    def check_running(self) -> None:
        """Check that both processes run.

        Raises:
            LocalServerError: one has ended by itself; with its last log lines.
        """
        self.etcd.check_running()
        self.apiserver.check_running()

    def write_kubeconfig(
        self, path: Path, *, user: str, token: str, namespace: str = "default"
    ) -> Path:
        """Write a kubeconfig for the owner of the token; `user` is only a label in the file."""
        text = kubeconfig(
            server=self.url,
            ca_pem=self._certificate.read_bytes(),
            user=user,
            token=token,
            namespace=namespace,
        )
        _write_secret(path, text)
        return path

    def service_account_kubeconfig(
        self, path: Path, *, namespace: str, name: str, duration_s: int = 3600
    ) -> Path:
        """Write a kubeconfig for an existing ServiceAccount.

        The token is a bound one, as a pod's is, and ends after `duration_s` (600 at least).

        Raises:
            KubectlError: there is no such ServiceAccount.
        """
        token = self.kubectl(
            *("create", "token", name, "--namespace", namespace, f"--duration={duration_s}s")
        )
        return self.write_kubeconfig(
            path, user=f"{namespace}/{name}", token=token.strip(), namespace=namespace
        )

    def stop(self) -> None:
        """Stop both processes; keep data and ports."""
        self.apiserver.stop()
        self.etcd.stop()

    def close(self) -> None:
        """Stop, free the ports, and delete a temporary folder."""
        self.apiserver.kill()  # it keeps no state, and without etcd it would not hear a SIGTERM
        self.etcd.stop()
        for port in (self._port, self._etcd_port, self._etcd_peer_port):
            port.close()
        self._folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _certificate(self) -> Path:
        """The certificate and the CA that the server creates at its first start."""
        return self.folder / "certificates" / "apiserver.crt"

    def _etcd_command(self, program: Path) -> Command:
        client, peer = f"http://{self._etcd_port.address}", f"http://{self._etcd_peer_port.address}"
        return Command(
            name="etcd",
            argv=[
                *(str(program), "--name=default", f"--data-dir={self.folder / 'etcd'}"),
                *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
                *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
                *(f"--initial-cluster=default={peer}", "--log-level=warn"),
                # The data is not needed after a crash of the machine, so skip fsync.
                "--unsafe-no-fsync",
            ],
            log=self.folder / "etcd.log",
        )

    def _apiserver_command(self, program: Path) -> Command:
        certificates = self._certificate.parent
        # The server creates this TLS key before it reads it here, so no tool has to create keys.
        signing_key = certificates / "apiserver.key"
        return Command(
            name="kube-apiserver",
            argv=[
                *(str(program), f"--etcd-servers=http://{self._etcd_port.address}"),
                *(f"--bind-address={LOOPBACK}", f"--secure-port={self._port.number}"),
                f"--cert-dir={certificates}",
                *(f"--token-auth-file={self._tokens}", "--authorization-mode=RBAC"),
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                f"--service-account-key-file={signing_key}",
                f"--service-account-signing-key-file={signing_key}",
                "--service-cluster-ip-range=10.0.0.0/24",
                *(f"--audit-policy-file={self._audit_policy}", "--audit-log-mode=blocking"),
                f"--audit-log-path={self.audit_log}",
                # No controller creates the default service accounts that this plug-in requires.
                "--disable-admission-plugins=ServiceAccount",
                # A loopback address cannot be an endpoint of the service `kubernetes`.
                "--endpoint-reconciler-type=none",
            ],
            log=self.folder / "kube-apiserver.log",
        )

    def _etcd_lacks(self) -> str | None:
        connection = http.client.HTTPConnection(
            LOOPBACK, self._etcd_port.number, timeout=_ANSWER_TIMEOUT_S
        )
        return _not_ok(connection, "/health", {})

    def _api_lacks(self) -> str | None:
        """Check /readyz and, since that is a little early, for the first namespace."""
        for path in ("/readyz", "/api/v1/namespaces/default"):
            connection = http.client.HTTPSConnection(
                LOOPBACK,
                self._port.number,
                timeout=_ANSWER_TIMEOUT_S,
                context=ssl.create_default_context(cafile=self._certificate),
            )
            lacks = _not_ok(connection, path, {"Authorization": f"Bearer {self._admin_token}"})
            if lacks is not None:
                return lacks
        return None


def _write_secret(path: Path, text: str) -> None:
    """Write a private file atomically, since it may be read at any time."""
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _not_ok(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> str | None:
    """Return None for status 200, else the answer as text."""
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise OSError(f"{path}: {error!r}") from error
    finally:
        connection.close()
    return None if answer.status == 200 else f"{path} answers {answer.status}: {said.strip()}"
