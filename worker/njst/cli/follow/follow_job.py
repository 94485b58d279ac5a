"""Follow a job over the API until it has ended."""

import time
from typing import Any

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.follow.progress import Progress

ENDED = frozenset({"Succeeded", "Failed", "Cancelled"})
# The state is asked for again after this share of the time so far: a short job is noticed to have
# ended soon after, and a long one is not asked for more often than needed.
_POLL_SHARE = 0.05
_MIN_POLL_S = 0.05
_MAX_POLL_S = 0.5


def poll_s(followed_s: float) -> float:
    """Return how long to wait for the next state of a job that was followed for so long."""
    return min(max(_POLL_SHARE * followed_s, _MIN_POLL_S), _MAX_POLL_S)


def follow(api: ApiClient, job: str, progress: Progress, timeout_s: float) -> dict[str, Any]:
    """Return the job's document once it has ended; `progress` shows it until then.

    Raises:
        CliError: the job has not ended in time, or no worker answers any more.
    """
    begin_s = time.monotonic()
    while True:
        document = api.job(job, histograms=progress.wants_histograms)
        progress.show(document)
        if document["phase"] in ENDED:
            return document
        followed_s = time.monotonic() - begin_s
        if followed_s > timeout_s:
            raise CliError(f"job {job} is still {document['phase']}", ExitCode.TIMEOUT)
        time.sleep(poll_s(followed_s))
