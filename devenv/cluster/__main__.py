"""`python -m devenv.cluster fetch | up | load | status | diagnose | down`."""

import argparse
import sys
from pathlib import Path

from devenv.cluster import node_cluster
from devenv.cluster.cluster_choice import Cluster, attach, down, fetch, up
from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.diagnosis import diagnose
from devenv.cluster.images.image_builder import Builder
from devenv.cluster.njst_images import build_njst, load_nats, load_njst, nats_image, version
from devenv.kubernetes.kubectl import KubectlError
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress


def main() -> int:
    arguments = _parser().parse_args()
    progress = Progress()
    try:
        _COMMANDS[arguments.command](arguments, progress)
    except (ClusterError, ToolMissingError, KubectlError) as error:
        progress.say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devenv.cluster",
        description="A real Kubernetes node on this machine; NJST_CLUSTER=kind for kind.",
    )
    parser.add_argument("--name", default="dev", help="name of the cluster (default: dev)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="fetch and build programs and packages (minutes, once)")
    commands.add_parser("up", help="start the cluster; print its kubeconfig")
    load = commands.add_parser("load", help="build and load the images of njst and NATS")
    load.add_argument(
        "archives", nargs="*", type=Path, help="load these archives (docker save) instead"
    )
    commands.add_parser("status", help="print nodes and pods")
    diagnosed = commands.add_parser("diagnose", help="write events, descriptions and logs")
    diagnosed.add_argument("folder", type=Path)
    commands.add_parser("down", help="remove the cluster and all its remains")
    return parser


def _fetch(_: argparse.Namespace, progress: Progress) -> None:
    fetch(progress)
    build_njst(Builder(node_cluster.cluster_cache(), progress), version())


def _up(arguments: argparse.Namespace, progress: Progress) -> None:
    _say_how(up(arguments.name, progress))


def _load(arguments: argparse.Namespace, progress: Progress) -> None:
    cluster = attach(arguments.name)
    for archive in arguments.archives:
        cluster.load(archive)
    if not arguments.archives:
        load_njst(cluster, Builder(node_cluster.cluster_cache(), progress), version())
        load_nats(cluster, nats_image())


def _status(arguments: argparse.Namespace, _: Progress) -> None:
    cluster = attach(arguments.name)
    _say_how(cluster)
    print(cluster.kubectl("get", "nodes", "-o", "wide"))
    print(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "wide"), end="")


def _diagnose(arguments: argparse.Namespace, _: Progress) -> None:
    diagnose(attach(arguments.name), arguments.folder)


def _down(arguments: argparse.Namespace, _: Progress) -> None:
    down(arguments.name)


def _say_how(cluster: Cluster) -> None:
    print(f"export KUBECONFIG={cluster.kubectl.kubeconfig}")


_COMMANDS = {
    "fetch": _fetch,
    "up": _up,
    "load": _load,
    "status": _status,
    "diagnose": _diagnose,
    "down": _down,
}


if __name__ == "__main__":
    sys.exit(main())
