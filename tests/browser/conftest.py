"""One browser and one mesh for all tests of the page, and jobs that have ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from devenv.browser import chromium
from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.browser.jobs import EVERY_KIND, SHORT
from tests.nats.mesh.mesh import Mesh, running

PICTURES = Path(__file__).parents[2] / "dist" / "browser"
# For a machine that does something else as well; nothing waits for it to pass.
PATIENCE_MS = 60_000
WORKERS = 2


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium()),
            # Root has no sandbox; the pages are the tests' own.
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    folder = tmp_path_factory.mktemp("mesh")
    with NatsServer.start() as nats:
        workers = [LocalWorker(f"worker-{n}", nats.url, folder) for n in range(WORKERS)]
        with running(nats, workers, folder) as mesh:
            yield mesh


@dataclass(frozen=True)
class EndedJobs:
    """The ids of jobs that have ended: one with every kind, one that was short and failed."""

    every_kind: str
    short: str


@pytest.fixture(scope="session")
def ended(mesh: Mesh) -> EndedJobs:
    jobs = [mesh.post({**spec, "description": name}) for name, spec in _ENDED.items()]
    documents = [mesh.wait_ended(job) for job in jobs]
    assert [one["phase"] for one in documents] == ["Succeeded", "Failed"], documents
    return EndedJobs(*jobs)


_ENDED = {"every kind": EVERY_KIND, "short": SHORT}
