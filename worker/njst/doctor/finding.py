"""What a check found, and what to do about it."""

from enum import StrEnum

from njst.contract.model import Message


class Level(StrEnum):
    """Whether something is as it should be."""

    OK = "Ok"
    WARNING = "Warning"
    FAILED = "Failed"


class Finding(Message):
    """One line of `njst doctor`; `advice` is empty where nothing is to be done."""

    level: Level
    subject: str
    message: str
    advice: str = ""


def ok(subject: str, message: str) -> Finding:
    """Return a finding that needs nothing to be done."""
    return Finding(level=Level.OK, subject=subject, message=message)


def warning(subject: str, message: str, advice: str) -> Finding:
    """Return a finding that makes results worse, or will become a failure."""
    return Finding(level=Level.WARNING, subject=subject, message=message, advice=advice)


def failed(subject: str, message: str, advice: str) -> Finding:
    """Return a finding with which jobs cannot run."""
    return Finding(level=Level.FAILED, subject=subject, message=message, advice=advice)
