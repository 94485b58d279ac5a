"""A mesh of three real workers on a real NATS, as `njst dev` starts them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Mesh, running

WORKERS = 3


@pytest.fixture
def start_mesh(tmp_path: Path, nats_server: NatsServer) -> Iterator[Callable[..., Mesh]]:
    with ExitStack() as meshes:

        def start(count: int = 3, *, options: tuple[str, ...] = ()) -> Mesh:
            url = nats_server.url
            workers = [LocalWorker(f"w{n}", url, tmp_path, options=options) for n in range(count)]
            return meshes.enter_context(running(nats_server, workers, tmp_path))

        yield start


@pytest.fixture(scope="module")
def shared_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One mesh for the tests of a file: starting it takes longer than most of them."""
    folder = tmp_path_factory.mktemp("mesh")
    with NatsServer.start() as server:
        workers = [LocalWorker(f"w{n}", server.url, folder) for n in range(WORKERS)]
        with running(server, workers, folder) as made:
            yield made


@pytest.fixture
async def mesh(shared_mesh: Mesh) -> AsyncIterator[Mesh]:
    """The shared mesh: whole before each test, without jobs and streams after it."""
    shared_mesh.mend(WORKERS)
    yield shared_mesh
    await shared_mesh.tidy()


@pytest.fixture
def secured_nats() -> Iterator[NatsServer]:
    """A target that wants a login."""
    config = 'authorization { users = [{user: "tester", password: "right"}] }'
    with NatsServer.start(name="secured", config=config) as server:
        yield server
