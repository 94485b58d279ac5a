"""A whole njst on this machine: a Kubernetes API, a NATS, and workers with an operator beside each.

Used by the demo and by the tests. Everything is a process of ours, on 127.0.0.1; the operators
run under the shipped RBAC rules, with the token of their own service account.
"""

import os
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from njst.contract.names.kubernetes import EXPERIMENT_PLURAL, PLURAL, SCHEDULE_PLURAL
from njst.local.local_errors import LocalServerError
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.server_process import Command, ServerProcess
from njst.local.wait_until import wait_until

ROOT = Path(__file__).parents[1]
CRDS = ROOT / "crds"
MANIFESTS = ROOT / "manifests"
RBAC = MANIFESTS / "overlays" / "namespaced" / "operator-role.yaml"
ACCOUNT = MANIFESTS / "base" / "serviceaccount.yaml"
SERVICE_ACCOUNT = "njst-operator"
# Renewed well before a token expires, after an hour.
RENEW_S = 600.0
# Shorter than the time limit of kubectl.
SERVED_TIMEOUT_S = 50


class LocalOperator:
    """One replica of the operator as a process, as it would run beside a worker."""

    def __init__(
        self,
        name: str,
        nats_url: str,
        kubeconfig: Path,
        namespace: str,
        *,
        options: Sequence[str] = (),
    ) -> None:
        """Prepare a replica without starting it; its log is written beside `kubeconfig`."""
        self.name = name
        self._log = kubeconfig.parent / f"{name}.log"
        self._port = ReservedPort()
        self.url = f"http://{self._port.address}"
        environment = {k: v for k, v in os.environ.items() if k != "KUBERNETES_SERVICE_HOST"}
        self.service = ServerProcess(
            Command(
                name=f"operator {name}",
                argv=[
                    *(sys.executable, "-m", "njst_operator.main"),
                    *("--nats", nats_url, "--namespace", namespace, "--copy", name),
                    f"--health={self._port.address}",
                    *options,
                ],
                log=self._log,
                env={**environment, "KUBECONFIG": str(kubeconfig)},
            ),
            self._missing,
        )

    def _missing(self) -> str | None:
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
            answer.read()
        return None

    def close(self) -> None:
        """Stop it gracefully."""
        self.service.stop()
        self._port.close()


@dataclass
class Environment:
    """The running programs; tests kill single ones."""

    kube: KubernetesServer
    nats: NatsServer
    workers: list[LocalWorker]
    operators: list[LocalOperator]
    namespace: str
    folder: Path

    def kubectl(self, *args: str, stdin: str = "", timeout_s: float = 60.0) -> str:
        """Run kubectl as the administrator, in the environment's namespace."""
        return self.kube.kubectl(
            "--namespace", self.namespace, *args, stdin=stdin, timeout_s=timeout_s
        )

    def check_running(self) -> None:
        """Check that all parts run.

        Raises:
            LocalServerError: one has ended by itself; with its last log lines.
        """
        self.kube.check_running()
        self.nats.check_running()
        parts: list[LocalWorker | LocalOperator] = [*self.workers, *self.operators]
        for part in parts:
            part.service.check_running()

    def add_worker(self, name: str) -> LocalWorker:
        """Start one more worker; return when it is ready."""
        worker = LocalWorker(name, self.nats.url, self.folder)
        self.workers.append(worker)
        worker.service.launch()
        worker.service.wait_ready(READY_TIMEOUT_S)
        return worker


def install_crds(kube: KubernetesServer) -> None:
    """Install the CRDs; return when the API server serves their resource types."""
    kube.kubectl("apply", "--server-side", "-f", str(CRDS))
    wait_served(kube, PLURAL, SCHEDULE_PLURAL, EXPERIMENT_PLURAL)


def wait_served(kube: KubernetesServer, *plurals: str) -> None:
    """Return when resources of these types can be created.

    That a CRD is established is told a little before the API server offers its type: until then
    kubectl knows no such type.

    Raises:
        LocalServerError: they cannot within `SERVED_TIMEOUT_S` for each step.
    """

    def lacking() -> str | None:
        try:
            kube.kubectl("get", ",".join(plurals), "--namespace=default")
        except KubectlError as error:
            return str(error)
        return None

    established = "--for=condition=Established"
    kube.kubectl("wait", established, "crd", "--all", f"--timeout={SERVED_TIMEOUT_S}s")
    if (late := wait_until(lacking, SERVED_TIMEOUT_S)) is not None:
        raise LocalServerError(late)


def install(kube: KubernetesServer, namespace: str) -> None:
    """Install the CRDs and the RBAC of the operator, as a user would with kubectl."""
    install_crds(kube)
    kube.kubectl("--namespace", namespace, "apply", "-f", str(ACCOUNT), "-f", str(RBAC))


@contextmanager
def open_environment(
    kube: KubernetesServer,
    namespace: str,
    folder: Path,
    *,
    copies: int = 3,
    options: Sequence[str] = (),
    renew_s: float = RENEW_S,
) -> Iterator[Environment]:
    """Start a NATS server and `copies` workers with an operator each; stop all at the end.

    `options` are the operators', whose login is renewed every `renew_s` seconds.
    """
    with ExitStack() as stack:
        install(kube, namespace)
        nats = stack.enter_context(NatsServer.start())
        workers = [LocalWorker(f"worker-{n}", nats.url, folder) for n in range(copies)]
        environment = Environment(kube, nats, workers, [], namespace, folder)
        stack.callback(_close_all, environment)
        kubeconfig = folder / "operator.kubeconfig"
        login = partial(
            kube.service_account_kubeconfig, kubeconfig, namespace=namespace, name=SERVICE_ACCOUNT
        )
        login()
        stack.enter_context(renewed(login, renew_s))
        environment.operators += [
            LocalOperator(f"operator-{n}", nats.url, kubeconfig, namespace, options=options)
            for n in range(copies)
        ]
        services = [worker.service for worker in workers]
        services += [operator.service for operator in environment.operators]
        for service in services:
            service.launch()
        for service in services:
            service.wait_ready(READY_TIMEOUT_S)
        yield environment


@contextmanager
def renewed(login: Callable[[], object], period_s: float) -> Iterator[None]:
    """Call `login` periodically, as a kubelet renews the token of a pod."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(period_s):
            with suppress(KubectlError):  # the next time is long before the end of the last one
                login()

    thread = threading.Thread(target=renew, name="renew logins")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _close_all(environment: Environment) -> None:
    """Stop all parts concurrently."""
    parts = [*environment.operators, *environment.workers]
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda part: part.close(), parts))
