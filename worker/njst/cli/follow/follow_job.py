"""Follow a job over the API until it has ended."""

import math
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
# How long to wait for the clean-up of a job that has ended; its report says what is left behind.
CLEAN_S = 5.0


def poll_s(followed_s: float) -> float:
    """Return how long to wait for the next state of a job that was followed for so long."""
    return min(max(_POLL_SHARE * followed_s, _MIN_POLL_S), _MAX_POLL_S)


def is_over(document: dict[str, Any], ended_for_s: float) -> bool:
    """Whether there is nothing more to wait for: the job has ended, and is cleaned up.

    Args:
        document: the job. One of an older worker does not say whether it is cleaned up.
        ended_for_s: how long it is known to have ended.
    """
    if document["phase"] not in ENDED:
        return False
    return bool(document.get("cleaned", True)) or ended_for_s >= CLEAN_S


def follow(api: ApiClient, job: str, progress: Progress, timeout_s: float) -> dict[str, Any]:
    """Return a job that has ended and is cleaned up; until then `progress` shows it.

    Raises:
        CliError: the job has not ended in time, or no worker answers any more.
    """
    begin_s = time.monotonic()
    ended_s = math.inf
    while True:
        document = api.job(job, histograms=progress.wants_histograms)
        progress.show(document)
        now_s = time.monotonic()
        if document["phase"] in ENDED:
            ended_s = min(ended_s, now_s)
        if is_over(document, now_s - ended_s):
            return document
        followed_s = now_s - begin_s
        if followed_s > timeout_s and document["phase"] not in ENDED:
            raise CliError(f"job {job} is still {document['phase']}", ExitCode.TIMEOUT)
        time.sleep(poll_s(followed_s))
