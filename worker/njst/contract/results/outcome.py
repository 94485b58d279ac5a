"""How a participant's run or a job ended, and why."""

from enum import StrEnum

from njst.contract.model import Message


class Problem(Message):
    """A reason for programs, and a message that explains it and says what to do."""

    reason: str
    message: str = ""


# Not ready within the spec's `startTimeoutSeconds`.
START_TIMEOUT = "StartTimeout"


# Without workers for the spec's `queueTimeoutSeconds`.
QUEUE_TIMEOUT = "QueueTimeout"


# A threshold was missed, only ones relative to baselines were, and it is not known whether.
THRESHOLDS_FAILED = "ThresholdsFailed"
REGRESSION = "Regression"
THRESHOLDS_UNDECIDED = "ThresholdsUndecided"
# The same of a job that was stopped early because of a threshold with `abort`.
THRESHOLD_ABORTED = "ThresholdAborted"
REGRESSION_ABORTED = "RegressionAborted"


class Outcome(StrEnum):
    """How a participant's run ended."""

    COMPLETED = "Completed"
    STOPPED = "Stopped"
    FAILED = "Failed"
    REJECTED = "Unfit"
    LATE = "Late"
    LOST = "Lost"


class SetupError(Exception):
    """A job cannot be set up: a CamelCase reason, and a message that says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")
