"""One server for the tests that leave it alive; each has streams of its own."""

import secrets
from collections.abc import Iterator

import pytest

from njst.local.nats_server import NatsServer


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    with NatsServer.start() as started:
        yield started


@pytest.fixture
def stream() -> str:
    return f"S{secrets.token_hex(4)}"
