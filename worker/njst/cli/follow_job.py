"""Follow a job over the API until it has ended; one progress line per change."""

import time
from collections.abc import Callable
from typing import Any

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode

POLL_S = 0.5
ENDED = frozenset({"Succeeded", "Failed", "Cancelled"})


def follow(
    api: ApiClient, job: str, say: Callable[[str], None], timeout_s: float
) -> dict[str, Any]:
    """Return the job's document once it has ended.

    Raises:
        CliError: the job has not ended in time, or no worker answers any more.
    """
    deadline = time.monotonic() + timeout_s
    last = ""
    while True:
        document = api.job(job)
        line = progress_line(document)
        if line != last:
            say(line)
            last = line
        if document["phase"] in ENDED:
            return document
        if time.monotonic() > deadline:
            raise CliError(f"job {job} is still {document['phase']}", ExitCode.TIMEOUT)
        time.sleep(POLL_S)


def progress_line(document: dict[str, Any]) -> str:
    """Return the state of a job in one line."""
    workers = document.get("workers", {})
    parts = [f"{document['phase']:<10}", f"workers {workers.get('summary', '')}"]
    for workload in document.get("workloads", []):
        done, planned = workload["messages"], workload.get("planned")
        share = f" {100 * done // planned}%" if planned else ""
        rate = workload["messagesPerSecond"]
        parts.append(f"{workload['workload']} {done:,}{share} {rate:,}/s")
    if document.get("reason") == "ReadingBack":
        parts.append(document["message"])
    return "  ".join(parts)
