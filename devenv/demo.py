"""`make demo`: the main job, step by step on the terminal.

A real Kubernetes API server and a NATS of its own, three workers with an operator beside each, an
NjstJob applied with kubectl, its progress as `kubectl get` shows it, and its result.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devenv.child_watch import watched
from devenv.environment import ROOT, Environment, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubectl import KubectlError
from devenv.programs.kubernetes_binaries import fetch_binaries
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress
from njst.local.local_errors import LocalServerError

NAMESPACE = "default"
NAME = "four-streams"
EXAMPLE = Path("examples") / f"{NAME}.yaml"
FINISHED_TIMEOUT_S = 120


def main() -> int:
    """Run the demo; 0 when the job succeeded."""
    parser = argparse.ArgumentParser(prog="make demo", description="The main job, end to end.")
    parser.add_argument("--keep", action="store_true", help="keep everything running until Ctrl-C")
    arguments = parser.parse_args()
    progress = Progress(sys.stdout)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt(stop))
    try:
        binaries = fetch_binaries(progress)
        with tempfile.TemporaryDirectory(prefix="njst-demo-") as folder:
            with progress.step("Starting a Kubernetes API server of its own"):
                kube = KubernetesServer.start(binaries)
            with kube, _started(kube, Path(folder), progress) as environment:
                with watched(environment.check_running):
                    succeeded = _show(environment)
                    _say_next(environment, keep=arguments.keep)
                if arguments.keep:
                    _keep(environment, stop)
        print("\nstopped; nothing is left running")
    except (ToolMissingError, LocalServerError, KubectlError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running")
        return 130
    return 0 if succeeded else 1


def _keep(environment: Environment, stop: threading.Event) -> None:
    """Wait for Ctrl-C.

    Raises:
        ChildEndedError: a part has ended by itself.
    """
    with suppress(KeyboardInterrupt), watched(environment.check_running):  # how a person ends it
        stop.wait()


def _interrupt(stop: threading.Event) -> None:
    """Interrupt the wait of --keep, or any other step."""
    if stop.is_set():
        return
    stop.set()
    raise KeyboardInterrupt


@contextmanager
def _started(kube: KubernetesServer, folder: Path, progress: Progress) -> Iterator[Environment]:
    with progress.step("Installing the CRD and the operator's rights; starting NATS, workers"):
        opened = open_environment(kube, NAMESPACE, folder)
        environment = opened.__enter__()
    try:
        yield environment
    finally:
        opened.__exit__(None, None, None)


def _show(environment: Environment) -> bool:
    """Apply the example, show its progress and result; return whether it succeeded."""
    for worker, operator in zip(environment.workers, environment.operators, strict=True):
        print(f"    {worker.name} {worker.url}  with {operator.name}")
    _echo(environment, "apply", "-f", str(EXAMPLE))
    print(f"\n$ kubectl get njstjob {NAME} --watch", flush=True)
    kubectl = environment.kube.kubectl
    watching = subprocess.Popen(
        [
            *(str(kubectl.program), "--kubeconfig", str(kubectl.kubeconfig)),
            *("--namespace", NAMESPACE, "get", "njstjob", NAME, "--watch"),
        ],
        cwd=ROOT,
        env=kubectl.environment(),
    )
    try:
        waited = environment.kubectl(
            *("wait", f"njstjob/{NAME}", "--for=condition=Finished"),
            f"--timeout={FINISHED_TIMEOUT_S}s",
            timeout_s=FINISHED_TIMEOUT_S + 5,
        )
    finally:
        watching.terminate()
        watching.wait()
    print(f"\n$ kubectl wait njstjob/{NAME} --for=condition=Finished\n{waited}", end="", flush=True)
    template = '{range .status.conditions[*]}{.type}={.status} {end}{"\\n"}'
    _echo(environment, "get", "njstjob", NAME, "-o", f"jsonpath={template}")
    _echo(environment, "get", "events", "-o", "custom-columns=EVENT:.reason,MESSAGE:.message")
    uid = environment.kubectl("get", "njstjob", NAME, "-o", "jsonpath={.metadata.uid}")
    worker = environment.workers[-1]
    print(f"\n$ njst get {uid} --api {worker.url}    # any worker answers", flush=True)
    subprocess.run(
        [sys.executable, "-m", "njst.cli.main", "get", uid, "--api", worker.url], check=True
    )
    phase = environment.kubectl("get", "njstjob", NAME, "-o", "jsonpath={.status.phase}")
    return phase == "Succeeded"


def _echo(environment: Environment, *args: str) -> None:
    """Print a kubectl command and its output."""
    words = " ".join(f"'{word}'" if " " in word or "{" in word else word for word in args)
    print(f"\n$ kubectl {words}", flush=True)
    absolute = [str(ROOT / word) if word == str(EXAMPLE) else word for word in args]
    print(environment.kubectl(*absolute), end="", flush=True)


def _say_next(environment: Environment, *, keep: bool) -> None:
    first = environment.workers[0].url
    if not keep:
        print(
            "\nTry next:\n"
            "  make demo KEEP=1          the same, left running, with its addresses\n"
            "  .venv/bin/njst dev        a NATS and three workers without Kubernetes\n"
            "  examples/                 more jobs; README.md says what the numbers mean"
        )
        return
    kubectl = environment.kube.kubectl
    print(
        "\nLeft running until Ctrl-C. In another terminal, in this folder:\n"
        f"  export KUBECONFIG={kubectl.kubeconfig} PATH={kubectl.program.parent}:$PATH\n"
        f"  kubectl apply -f examples/publish-sync.yaml && kubectl get njstjobs --watch\n"
        f"  .venv/bin/njst list --api {first}\n"
        f"  open {first}/docs\n"
        f"  NATS is at {environment.nats.url}; logs are in {environment.folder}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
