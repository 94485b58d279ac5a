"""One mesh and one client of it for each test."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.api.fakes import Mesh


@pytest.fixture
async def mesh() -> Mesh:
    return await Mesh.open()


@pytest.fixture
async def http(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    async with mesh.client() as client:
        yield client
