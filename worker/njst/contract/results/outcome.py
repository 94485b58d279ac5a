"""How a participant's part or a job ended, and why."""

from enum import StrEnum

from njst.contract.model import Message


class Problem(Message):
    """Why something did not come about: a reason for programs, a message that says what to do."""

    reason: str
    message: str = ""


# The reason of a problem, and of a job's end: not ready within the spec's `startTimeoutSeconds`.
START_TIMEOUT = "StartTimeout"


# ... and: without its workers for the spec's `queueTimeoutSeconds`.
QUEUE_TIMEOUT = "QueueTimeout"


class Outcome(StrEnum):
    """How a participant's run ended."""

    COMPLETED = "Completed"
    STOPPED = "Stopped"
    FAILED = "Failed"
    REJECTED = "Unfit"
    LATE = "Late"
    LOST = "Lost"


class SetupError(Exception):
    """Something that a job needs cannot be had: a CamelCase reason, and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")
