from collections.abc import Sequence
from pathlib import Path

import pytest

from devenv.cluster import cluster_choice
from devenv.cluster.cluster_errors import ClusterError
from devenv.cluster.kind_cluster import KindCluster, run_kind
from devenv.progress import Progress


class Recorder:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, argv: Sequence[str]) -> str:
        self.lines.append(" ".join(argv))
        return ""


@pytest.fixture
def run() -> Recorder:
    return Recorder()


def test_a_cluster_comes_after_the_last_one_went(tmp_path: Path, run: Recorder):
    folder = tmp_path / "kind"
    cluster = KindCluster.up("a", folder, Path("/bin/kubectl"), Progress(), run)
    assert run.lines == [
        f"kind delete cluster --kubeconfig={folder}/kubeconfig --name=a",
        f"kind create cluster --wait=120s --kubeconfig={folder}/kubeconfig --name=a",
    ]
    assert cluster.kubectl.kubeconfig == folder / "kubeconfig"


def test_images_and_logs(tmp_path: Path, run: Recorder):
    cluster = KindCluster("a", tmp_path, Path("/bin/kubectl"), run)
    cluster.load(Path("/tmp/image.tar"))
    cluster.collect(Path("/tmp/logs"))
    assert run.lines == [
        "kind load image-archive /tmp/image.tar --name=a",
        "kind export logs /tmp/logs --name=a",
    ]


def test_a_missing_program_is_said():
    with pytest.raises(ClusterError, match="no no-such-kind on PATH"):
        run_kind(["no-such-kind", "version"])


def test_a_kind_that_there_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NJST_CLUSTER", "minikube")
    with pytest.raises(ClusterError, match="minikube: there are node and kind"):
        cluster_choice.attach("a")
