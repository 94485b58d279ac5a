"""One server for all modes; each test has streams of its own."""

from collections.abc import Iterator

import pytest

from njst.local.nats_server import NatsServer
from tests.nats.modes.running import Runner


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    with NatsServer.start() as started:
        yield started


@pytest.fixture
def runner(server: NatsServer) -> Runner:
    return Runner(server.url)
