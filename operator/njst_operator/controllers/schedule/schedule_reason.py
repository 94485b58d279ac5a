"""The reasons of a schedule."""

from enum import StrEnum


class ScheduleReason(StrEnum):
    """One word for the state of a schedule; docs/kubernetes.md says what to do about each."""

    SCHEDULED = "Scheduled"
    SUSPENDED = "Suspended"
    JOB_ACTIVE = "JobActive"
    EXPERIMENT_ACTIVE = "ExperimentActive"
    MISSED_SCHEDULE = "MissedSchedule"
    QUOTA_EXCEEDED = "QuotaExceeded"
    JOB_REFUSED = "JobRefused"
    EXPERIMENT_REFUSED = "ExperimentRefused"
    SELECTOR_MISMATCH = "SelectorMismatch"
    REPLACE_REFUSED = "ReplaceRefused"
    NAME_TAKEN = "NameTaken"
    INVALID_SCHEDULE = "InvalidSchedule"
