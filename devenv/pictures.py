"""`python -m devenv.pictures`: takes the pictures of the page in docs/pictures from real runs.

It starts a NATS and three workers, runs two jobs, and opens their pages in Chromium.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from devenv.browser import fetch
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress
from njst.local.local_errors import LocalServerError
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_server import NatsServer

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
WORKERS = 3
_ENDED = {"Succeeded", "Failed", "Cancelled"}
_JOB_TIMEOUT_S = 180
_POLL_S = 0.5
_WIDTH_PX = 1320


@dataclass(frozen=True)
class Picture:
    """A page and how much of it is taken: from the top, at the usual width."""

    name: str
    address: str
    shows: str
    height_px: int
    dark: bool = False


def spec(payload_bytes: int) -> dict[str, Any]:
    """Return a job with a ramp, a plateau, a burst and a pause, and what reads its messages."""
    stages = [
        {"durationSeconds": 10, "messagesPerSecond": 1500},
        {"durationSeconds": 10, "messagesPerSecond": 1500},
        {"durationSeconds": 6, "messagesPerSecond": 3500, "ramp": "Step"},
        {"durationSeconds": 4, "messagesPerSecond": 600, "ramp": "Step"},
        {"durationSeconds": 10, "messagesPerSecond": 2000},
    ]
    publish = {"payloadBytes": payload_bytes, "window": 400}
    return {
        "description": f"A ramp, a burst and a pause, with {payload_bytes} bytes a message",
        "streams": [{"name": "ORDERS", "storage": "File"}],
        "workloads": [
            {
                "name": "publish",
                "stream": "ORDERS",
                "stages": stages,
                "warmupSeconds": 2,
                "publish": publish,
            },
            {"name": "consume", "stream": "ORDERS", "durationSeconds": 42, "consume": {}},
        ],
        "thresholds": [
            {"workload": "publish", "metric": "LatencyP99Microseconds", "atMost": 250_000},
            {"workload": "publish", "metric": "MessagesPerSecond", "atLeast": 1000},
            {"workload": "publish", "metric": "Errors", "atMost": 0},
        ],
    }


def run_job(url: str, name: str, job_spec: dict[str, Any]) -> str:
    """Run a job to its end and return its ID."""
    job = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstJob",
        "metadata": {"name": name},
        "spec": job_spec,
    }
    jobs = f"{url}/api/v1/jobs"
    with httpx.Client(timeout=60) as http:
        answer = http.post(jobs, json=job)
        answer.raise_for_status()
        identifier: str = answer.json()["id"]
        give_up_s = time.monotonic() + _JOB_TIMEOUT_S
        while http.get(f"{jobs}/{identifier}").json()["phase"] not in _ENDED:
            if time.monotonic() > give_up_s:
                raise LocalServerError(f"job {identifier} has not ended in {_JOB_TIMEOUT_S} s")
            time.sleep(_POLL_S)
    return identifier


def take(browser: Browser, url: str, picture: Picture) -> None:
    """Take a picture of a page once it shows what it should."""
    context = browser.new_context(
        viewport={"width": _WIDTH_PX, "height": picture.height_px},
        color_scheme="dark" if picture.dark else "light",
    )
    page = context.new_page()
    page.goto(f"{url}/{picture.address}")
    page.locator(picture.shows).first.wait_for()
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def main() -> None:
    """Take all pictures anew."""
    progress = Progress()
    chromium = fetch(progress)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="njst-")))
        nats = stack.enter_context(NatsServer.start(folder=place / "nats"))
        workers = [
            stack.enter_context(LocalWorker(f"worker-{n}", nats.url, place)) for n in range(WORKERS)
        ]
        for worker in workers:
            worker.service.wait_ready(READY_TIMEOUT_S)
        url = workers[0].url
        with progress.step("running two jobs", cost="two minutes"):
            first = run_job(url, "orders", spec(256))
            second = run_job(url, "orders-large", spec(4096))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(browser.close)
        job = f"#/jobs/{first}"
        for picture in (
            Picture("job-light", job, "#heat canvas", 1240),
            Picture("job-dark", job, "#heat canvas", 1240, dark=True),
            Picture("compare", f"#/compare?jobs={first},{second}", "#rates canvas", 1240),
        ):
            take(browser, url, picture)
            progress.say(f"docs/pictures/{picture.name}.png")


if __name__ == "__main__":
    try:
        main()
    except (ToolMissingError, LocalServerError) as error:
        sys.exit(str(error))
