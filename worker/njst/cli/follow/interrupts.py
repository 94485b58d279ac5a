"""Ctrl-C while a job is followed, and SIGTERM, with which CI and Kubernetes end a command.

The first one cancels a job that this command submitted. A second one within DOUBLE_PRESS_S comes
before that, so the job goes on; a later one only ends the wait for the cancelled job.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.follow.follow_job import follow
from njst.cli.follow.progress import ProgressMode, open_progress

DOUBLE_PRESS_S = 0.5
# How long a cancelled job may take to end.
CANCEL_S = 60.0
OWN_HINT = "Ctrl-C cancels the job and prints what was measured; twice leaves it running"
OTHER_HINT = "Ctrl-C leaves; the job goes on"


def follow_own(
    client: ApiClient,
    job: str,
    mode: ProgressMode,
    timeout_s: float,
    meanwhile: Callable[[], None],
) -> dict[str, Any]:
    """Follow a job that this command submitted; return its document once it has ended.

    Args:
        client: of any worker.
        job: its ID.
        mode: how to show the progress.
        timeout_s: how long the job may take.
        meanwhile: called while the job prepares; Ctrl-C ends that too.

    Raises:
        CliError: it has not ended in time, or the user does not want to wait for its end.
    """
    with _sigterm_as_ctrl_c(), open_progress(mode, OWN_HINT) as progress:
        try:
            meanwhile()
            return follow(client, job, progress, timeout_s)
        except KeyboardInterrupt:
            pass
        try:
            progress.say("cancelling, measurements are kept; Ctrl-C again leaves the job running")
            time.sleep(DOUBLE_PRESS_S)
        except KeyboardInterrupt:
            raise _left(job) from None
        try:
            client.cancel(job)
            return follow(client, job, progress, CANCEL_S)
        except KeyboardInterrupt:
            words = f"job {job} is being cancelled; njst report {job} shows what it measured"
            raise CliError(words, ExitCode.INTERRUPTED) from None


def follow_other(
    client: ApiClient, job: str, mode: ProgressMode, timeout_s: float
) -> dict[str, Any]:
    """Follow a job of anybody; return its document once it has ended.

    Raises:
        CliError: it has not ended in time, or the user does not want to wait for its end.
    """
    with open_progress(mode, OTHER_HINT) as progress:
        try:
            return follow(client, job, progress, timeout_s)
        except KeyboardInterrupt:
            raise _left(job) from None


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Make SIGTERM cancel the job as well: nobody would stop its load otherwise."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _left(job: str) -> CliError:
    words = f"job {job} goes on; njst watch {job} follows it, njst cancel {job} ends it"
    return CliError(words, ExitCode.INTERRUPTED)
