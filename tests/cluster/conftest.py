"""One cluster for the whole run; what went wrong in it is written down before it goes."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from devenv.cluster.cluster_choice import Cluster, up
from devenv.cluster.diagnosis import diagnose
from devenv.cluster.images.image_archive import compressed_bytes
from devenv.cluster.images.image_builder import Builder
from devenv.cluster.njst_images import NJST_IMAGES, load_nats, load_njst, nats_image, version
from devenv.cluster.node_cluster import cluster_cache
from devenv.environment import ROOT
from devenv.progress import Progress
from tests.cluster.njst import Njst

DIAGNOSES = ROOT / "dist" / "cluster"
_NAME = f"test-{zlib.crc32(str(ROOT).encode()):08x}"  # a tree's own: several may be tested at once
FIGURES = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests the time that pods take; the default is for processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Write a diagnosis of a failure before its pods are taken away."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if report.failed and report.when != "teardown" and cluster is not None:
        folder = DIAGNOSES / item.name
        diagnose(cluster, folder)
        report.sections.append(("diagnosis", f"see {folder}"))
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(f"figure: {line}")


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """What was measured, for the end of the output."""
    return pytestconfig.stash.setdefault(FIGURES, [])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    running = up(_NAME, Progress(), tied=True)
    try:
        yield running
    finally:
        running.down()


@dataclass
class Measured:
    """A cluster, and the size of what it was given."""

    cluster: Cluster
    compressed_bytes: list[int] = field(default_factory=list)

    def load(self, archive: Path) -> None:
        self.compressed_bytes.append(compressed_bytes(archive))
        self.cluster.load(archive)


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, int]:
    """njst's own images and that of NATS on the node, from this tree: njst's compressed sizes."""
    measured = Measured(cluster)
    load_njst(measured, Builder(cluster_cache(), Progress()), version())
    load_nats(cluster, nats_image())
    return dict(zip(NJST_IMAGES, measured.compressed_bytes, strict=True))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this test's own, under the strictest Pod Security Standard."""
    name = f"test-{uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    restricted = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", name, restricted)
    yield name
    # Gone pods or not, Kubernetes looks again after half of their grace period: 46 s.
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def alone(cluster: Cluster, namespace: str, images: dict[str, int]) -> Njst:
    """A namespace for an njst of a test's own; the resource types are there."""
    cluster.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
    return Njst(cluster, namespace)
