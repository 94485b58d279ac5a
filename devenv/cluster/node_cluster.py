"""Starts and removes the whole cluster."""

import shutil
import tempfile
from pathlib import Path
from typing import Self

from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.held_folder import DISK, Hold, Tie, temporary_folder
from devenv.cluster.images import debian_roots
from devenv.cluster.images.image_archive import Image, write_program_image
from devenv.cluster.node import cgroups, node_programs, sandbox
from devenv.cluster.node.node_components import Node
from devenv.cluster.node.node_settings import ADDRESS, NODE_NAME, PAUSE_IMAGE, PREFIX, storage
from devenv.cluster.node.sandbox import Root, Sandbox
from devenv.kubernetes.kubectl import Kubectl
from devenv.programs.build_cache import Cache, default_cache
from devenv.programs.kubernetes_binaries import fetch_binaries, find_binaries
from devenv.progress import Progress

_COREDNS = Path(__file__).parent / "coredns.yaml"
_PREFIX = "njst-cluster-"
_READY_TIMEOUT_S = 120
_IMPORT_TIMEOUT_S = 180.0
_COREDNS_IMAGE = "njst.local/coredns:1"


def cluster_cache() -> Cache:
    """Return the cache of programs, packages and images, beside that of the API server."""
    return Cache(default_cache().root.parent / "cluster")


class NodeCluster:
    """A cluster of one node in a sandbox; with a tie it ends with this process."""

    def __init__(
        self, name: str, running: Sandbox, kubectl: Kubectl, tie: Tie | None = None
    ) -> None:
        """Use the parts that `up` or `attach` found."""
        self.name = name
        self.kubectl = kubectl
        self.sandbox = running
        self._tie = tie

    @classmethod
    def up(cls, name: str, progress: Progress, *, tied: bool = False) -> Self:
        """Return a node that runs pods; remove the remains of earlier ones first.

        A tied one ends with this process, in whatever way that ends.

        Raises:
            ClusterError: this machine cannot do it, a part does not start (with its log), or
                another process uses a cluster of that name.
            ToolMissingError: a program or package cannot be had.
        """
        sandbox.check_machine()
        root, coredns, pause = bring(progress)
        sweep()
        tie = Tie(_fresh_state(name))
        try:
            with progress.step("starting a Kubernetes node", cost="about 20 seconds"):
                cluster = cls._up(name, root, coredns, pause, tie if tied else None)
        except BaseException:
            keep_logs(name, Path(tempfile.gettempdir()) / f"{_PREFIX}{name}-failed")
            down(name)
            tie.end()
            raise
        if not tied:
            tie.end()
        return cluster

    @classmethod
    def _up(cls, name: str, root: Root, coredns: Path, pause: Path, tie: Tie | None) -> Self:
        state = state_folder(name)
        cgroups.make(state.name)
        running = sandbox.start(
            state,
            root,
            hostname=NODE_NAME,
            address=f"{ADDRESS}/{PREFIX}",
            lifeline=None if tie is None else tie.lifeline,
        )
        node = Node(running, state, cgroup=state.name)
        node.start_runtime()
        cluster = cls(name, running, node.start_api(root.api / "kubectl"), tie)
        cluster._load_program(Image(PAUSE_IMAGE, ["/usr/local/bin/pause"]), pause)
        cluster._load_program(Image(_COREDNS_IMAGE, ["/usr/local/bin/coredns"]), coredns)
        node.start_node()
        cluster._wait_ready()
        return cluster

    @classmethod
    def attach(cls, name: str) -> Self:
        """Return the running cluster of that name.

        Raises:
            ClusterError: there is none.
        """
        state = state_folder(name)
        found = sandbox.find(state)
        if not found:
            raise ClusterError(f"no cluster {name} runs: `python -m devenv.cluster up` starts it")
        kubectl = Kubectl(find_binaries().kubectl, state / "kubeconfig", state / "home")
        return cls(name, found[0], kubectl)

    def load(self, archive: Path) -> None:
        """Load an image from an archive in the format of `docker save`."""
        inside = state_folder(self.name) / "log" / "image.tar"
        shutil.copyfile(archive, inside)
        try:
            self.ctr("images", "import", "/var/log/image.tar")
        finally:
            inside.unlink()

    def ctr(self, *args: str) -> str:
        """Run the client of containerd on the images and containers of pods."""
        return self.sandbox.run("ctr", "--namespace", "k8s.io", *args, timeout_s=_IMPORT_TIMEOUT_S)

    def collect(self, folder: Path) -> None:
        """Copy the logs of all components, for diagnosis."""
        keep_logs(self.name, folder)

    def down(self) -> None:
        """Remove the cluster."""
        down(self.name)
        if self._tie is not None:
            self._tie.end()

    def _load_program(self, image: Image, program: Path) -> None:
        with temporary_folder("njst-image-") as folder:
            archive = folder / "image.tar"
            write_program_image(archive, image, program)
            self.load(archive)

    def _wait_ready(self) -> None:
        kubectl, limit = self.kubectl, f"--timeout={_READY_TIMEOUT_S}s"
        kubectl("apply", "-f", str(_COREDNS))
        kubectl("apply", "-f", "-", stdin=storage())
        kubectl(
            *("wait", "node", NODE_NAME, "--for=create", limit),
            timeout_s=_READY_TIMEOUT_S,
        )
        kubectl(
            *("wait", "node", NODE_NAME, "--for=condition=Ready", limit),
            timeout_s=_READY_TIMEOUT_S,
        )
        kubectl(
            *("--namespace", "kube-system", "rollout", "status", "deployment/coredns", limit),
            timeout_s=_READY_TIMEOUT_S,
        )


def bring(progress: Progress) -> tuple[Root, Path, Path]:
    """Return the root and the programs coredns and pause; fetch them if they are missing.

    Raises:
        ToolMissingError: a program or package cannot be had.
    """
    cache = cluster_cache()
    api = fetch_binaries(progress).folder
    node = node_programs.NODE.fetch(cache, progress)
    root = Root(debian_roots.fetch(debian_roots.NODE_ROOT, cache, progress), api, node)
    coredns = node_programs.COREDNS.fetch(cache, progress) / "coredns"
    pause = node_programs.PAUSE.fetch(cache, progress) / "pause"
    return root, coredns, pause


def state_folder(name: str) -> Path:
    """Return the folder with all files of a cluster."""
    return DISK / f"{_PREFIX}{name}"


def sweep() -> None:
    """Remove the remains of nodes whose process was killed, from any working tree."""
    for state in DISK.glob(f"{_PREFIX}*"):
        if not sandbox.find(state) and (hold := Hold.on(state)):
            down(state.name.removeprefix(_PREFIX))
            hold.release()


def _fresh_state(name: str) -> Hold:
    """Create the folder of the cluster; remove the remains of an earlier one first.

    Raises:
        ClusterError: another process uses it, or something of it does not go away.
    """
    state = state_folder(name)
    earlier = Hold.on(state)
    if earlier is not None or not state.exists():
        down(name)
        # Under a name that other processes do not remove before this one holds it.
        fresh = state.with_name(f".{state.name}")
        fresh.mkdir(mode=0o700, exist_ok=True)
        hold = Hold.on(fresh)
        if earlier is not None:
            earlier.release()
        if hold is not None:
            fresh.rename(state)
            return hold
    raise ClusterError(f"another process uses the cluster {name}")


def down(name: str) -> None:
    """Remove the cluster of that name, or its remains, if there are any.

    Raises:
        ClusterError: something is still there afterwards.
    """
    state = state_folder(name)
    sandbox.end_all(state)
    cgroups.remove(state.name)
    shutil.rmtree(state, ignore_errors=True)
    left = leftovers(name)
    if left:
        raise ClusterError(f"left behind by cluster {name}: {'; '.join(left)}")


def leftovers(name: str) -> list[str]:
    """Return the state of the cluster of that name as text; empty after `down`."""
    state = state_folder(name)
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *(f"process {found.pid}" for found in sandbox.find(state)),
        *(f"mount {line}" for line in mounts if str(state) in line),
        *(f"cgroup {folder}" for folder in cgroups.found(state.name)),
        *([f"folder {state}"] if state.exists() else []),
    ]


def keep_logs(name: str, folder: Path) -> None:
    """Copy the logs of the components of the node to a folder, if there are any."""
    logs = state_folder(name) / "log"
    if logs.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for log in logs.glob("*.log"):
            shutil.copy(log, folder)
