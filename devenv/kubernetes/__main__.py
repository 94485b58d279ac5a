"""`python -m devenv.kubernetes fetch | run`."""

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path

from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.go_tool import GO_TOOLS
from devenv.programs.kubernetes_binaries import fetch_binaries
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress
from njst.local.local_errors import LocalServerError

_WATCH_EVERY_S = 1.0


def main() -> int:
    arguments = _parser().parse_args()
    progress = Progress()
    # Handle SIGTERM like Ctrl-C, since shells make background jobs ignore SIGINT.
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, signal.default_int_handler)
    try:
        binaries = fetch_binaries(progress)
        if arguments.command == "fetch":
            for tool in GO_TOOLS:
                tool.fetch(progress)
            print(binaries.folder)
            return 0
        with KubernetesServer.start(binaries, folder=arguments.folder) as kube:
            _serve(kube, progress)
            return 0
    except (ToolMissingError, LocalServerError) as error:
        progress.say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devenv.kubernetes",
        description="A real Kubernetes API server on this machine, without containers.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="fetch the programs; print their folder")
    run = commands.add_parser("run", help="start the server, print its kubeconfig, stop at Ctrl-C")
    run.add_argument(
        "--folder", type=Path, help="keep data, logs and kubeconfig here (default: a temporary one)"
    )
    return parser


def _serve(kube: KubernetesServer, progress: Progress) -> None:
    """Say where the server is; return when interrupted, at any moment from the first word on.

    Raises:
        LocalServerError: etcd or kube-apiserver ended by itself.
    """
    with contextlib.suppress(KeyboardInterrupt):
        print(f"export KUBECONFIG={kube.admin_kubeconfig}", flush=True)
        progress.say(f"Kubernetes answers at {kube.url} until Ctrl-C")
        while True:
            kube.etcd.check_running()
            kube.apiserver.check_running()
            time.sleep(_WATCH_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
