"""A mesh of three real workers on a real NATS, as `njst dev` starts them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from njst.local.natsserver import NatsServer
from njst.local.workers import READY_TIMEOUT_S, LocalWorker
from tests.nats.mesh.mesh import Mesh


@pytest.fixture
def start_mesh(tmp_path: Path, nats_server: NatsServer) -> Iterator[Callable[..., Mesh]]:
    meshes: list[Mesh] = []

    def start(count: int = 3, *, options: tuple[str, ...] = ()) -> Mesh:
        workers = [
            LocalWorker(f"w{n}", nats_server.url, tmp_path, options=options) for n in range(count)
        ]
        meshes.append(Mesh(nats_server, workers, tmp_path, httpx.Client(timeout=60)))
        for worker in workers:
            worker.service.launch()
        for worker in workers:
            worker.service.wait_ready(READY_TIMEOUT_S)
        return meshes[-1]

    yield start
    for mesh in meshes:
        mesh.close()


@pytest.fixture
def mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    return start_mesh()


@pytest.fixture
def secured_nats() -> Iterator[NatsServer]:
    """A target that wants a login."""
    config = 'authorization { users = [{user: "tester", password: "right"}] }'
    with NatsServer.start(name="secured", config=config) as server:
        yield server
