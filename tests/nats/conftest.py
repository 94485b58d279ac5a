from collections.abc import Iterator

import pytest

from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer


@pytest.fixture
def nats_server() -> Iterator[NatsServer]:
    """One fresh server with JetStream."""
    with NatsServer.start() as server:
        yield server


@pytest.fixture
def nats_cluster() -> Iterator[NatsCluster]:
    """Three fresh servers that agree on a meta leader."""
    with NatsCluster.start(3) as cluster:
        yield cluster
