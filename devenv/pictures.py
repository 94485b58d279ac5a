"""`python -m devenv.pictures`: takes the pictures of the page in docs/pictures from real runs.

It starts a NATS and three workers, runs two jobs, a search and a grid, and opens their pages in
Chromium.
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
_RUN_TIMEOUT_S = 900
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


def search_spec() -> dict[str, Any]:
    """Return a search whose limit is the way to the stream and back: one message at a time."""
    return {
        "template": template({"messagesPerSecond": 200, "publish": {"window": 1}}),
        "search": {
            "warmupSeconds": 1,
            "trialSeconds": 5,
            "recoverySeconds": 5,
            "confirmationSeconds": 10,
        },
    }


def grid_spec() -> dict[str, Any]:
    """Return a grid of two sizes with two windows, of which the sizes are compared.

    The rate is offered, and low: the load tester has reserve on a small machine too.
    """
    publish = "workloads[write].publish"
    paced = {"warmupSeconds": 1, "messagesPerSecond": 500, "publish": {"payloadBytes": 256}}
    return {
        "template": template(paced),
        "factors": [
            {"name": "size", "path": f"{publish}.payloadBytes", "values": [256, 16384]},
            {"name": "window", "path": f"{publish}.window", "values": [4, 64]},
        ],
        "repeats": 6,
        "comparison": {
            "factor": "size",
            "metrics": [{"metric": "LatencyP50Microseconds"}, {"metric": "LatencyP99Microseconds"}],
        },
    }


def template(workload: dict[str, Any]) -> dict[str, Any]:
    """Return a job of five seconds with a workload that writes."""
    stream = {"name": "ORDERS", "storage": "Memory", "maxMessages": 10_000}
    return {
        "streams": [stream],
        "workloads": [{"name": "write", "stream": "ORDERS", "durationSeconds": 5, **workload}],
    }


def run(url: str, kind: str, name: str, own_spec: dict[str, Any]) -> str:
    """Run a job or an experiment to its end and return its ID."""
    document = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": own_spec,
    }
    place = f"{url}/api/v1/{'jobs' if kind == 'NjstJob' else 'experiments'}"
    with httpx.Client(timeout=60) as http:
        answer = http.post(place, json=document)
        answer.raise_for_status()
        identifier: str = answer.json()["id"]
        give_up_s = time.monotonic() + _RUN_TIMEOUT_S
        while http.get(f"{place}/{identifier}").json()["phase"] not in _ENDED:
            if time.monotonic() > give_up_s:
                raise LocalServerError(f"{identifier} has not ended in {_RUN_TIMEOUT_S} s")
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
            first = run(url, "NjstJob", "orders", spec(256))
            second = run(url, "NjstJob", "orders-large", spec(4096))
        with progress.step("running a search and a grid", cost="ten minutes"):
            search = run(url, "NjstExperiment", "highest-rate", search_spec())
            grid = run(url, "NjstExperiment", "sizes-and-windows", grid_spec())
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
            Picture("experiment-search", f"#/experiments/{search}", "#rate-latency canvas", 900),
            Picture("experiment-grid", f"#/experiments/{grid}", "#shift canvas", 1000),
        ):
            take(browser, url, picture)
            progress.say(f"docs/pictures/{picture.name}.png")


if __name__ == "__main__":
    try:
        main()
    except (ToolMissingError, LocalServerError) as error:
        sys.exit(str(error))
