"""Exit codes of the njst command (docs/cli.md); those from 99 to 105 are compatible with k6."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Why a command ended."""

    PASSED = 0
    ERROR = 1
    USAGE = 2
    REGRESSION = 91
    INCONCLUSIVE = 92
    UNREACHABLE = 93
    THRESHOLDS = 99
    TIMEOUT = 102
    INVALID_SPEC = 104
    CANCELLED = 105
    # As shells report a program that Ctrl-C ended.
    INTERRUPTED = 130
