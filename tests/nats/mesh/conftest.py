"""A mesh of three real workers on a real NATS, as `njst dev` starts them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Mesh, running


@pytest.fixture
def start_mesh(tmp_path: Path, nats_server: NatsServer) -> Iterator[Callable[..., Mesh]]:
    with ExitStack() as meshes:

        def start(count: int = 3, *, options: tuple[str, ...] = ()) -> Mesh:
            url = nats_server.url
            workers = [LocalWorker(f"w{n}", url, tmp_path, options=options) for n in range(count)]
            return meshes.enter_context(running(nats_server, workers, tmp_path))

        yield start


@pytest.fixture
def mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    return start_mesh()


@pytest.fixture
def secured_nats() -> Iterator[NatsServer]:
    """A target that wants a login."""
    config = 'authorization { users = [{user: "tester", password: "right"}] }'
    with NatsServer.start(name="secured", config=config) as server:
        yield server
