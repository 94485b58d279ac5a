"""Exit codes of the njst command (docs/cli.md); those from 99 to 105 are compatible with k6."""

from enum import IntEnum

from njst.contract.results.outcome import QUEUE_TIMEOUT
from njst.contract.results.report import Verdict


class ExitCode(IntEnum):
    """Why a command ended."""

    PASSED = 0
    ERROR = 1
    USAGE = 2
    INCONCLUSIVE = 92
    UNREACHABLE = 93
    THRESHOLDS = 99
    TIMEOUT = 102
    INVALID_SPEC = 104
    CANCELLED = 105
    # As shells report a program that Ctrl-C ended.
    INTERRUPTED = 130


def of_verdict(verdict: Verdict, reason: str) -> ExitCode:
    """Return the exit code for a job that ended."""
    if verdict is Verdict.VALID:
        return ExitCode.PASSED
    if verdict is Verdict.UNKNOWN:
        return ExitCode.INCONCLUSIVE
    return {
        "ThresholdsFailed": ExitCode.THRESHOLDS,
        "Requested": ExitCode.CANCELLED,
        "DeadlineExceeded": ExitCode.TIMEOUT,
        QUEUE_TIMEOUT: ExitCode.TIMEOUT,
    }.get(reason, ExitCode.ERROR)
