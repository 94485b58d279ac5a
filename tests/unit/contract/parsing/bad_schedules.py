"""NjstSchedules that would never run anything, with a part of what is said; and some that do.

The same table is run against pydantic and against a real API server.
"""

from typing import Any

from tests.unit.contract.parsing.bad_experiments import good_experiment

# The schedule, its time zone, and what a refusal says.
BAD_SCHEDULES: list[tuple[str, str, str]] = [
    ("61 * * * *", "Etc/UTC", "the minute must be 0-59"),
    ("*/0 * * * *", "Etc/UTC", "the minute must be 0-59"),
    ("0-60 * * * *", "Etc/UTC", "the minute must be 0-59"),
    ("1,,2 * * * *", "Etc/UTC", "the minute must be 0-59"),
    ("0 24 * * *", "Etc/UTC", "the hour must be 0-23"),
    ("0 -1 * * *", "Etc/UTC", "the hour must be 0-23"),
    ("0 0 0 * *", "Etc/UTC", "the day of month must be 1-31"),
    ("0 0 32 * *", "Etc/UTC", "the day of month must be 1-31"),
    ("0 0 * 13 *", "Etc/UTC", "the month must be 1-12"),
    ("0 0 * JUNE *", "Etc/UTC", "the month must be 1-12"),
    ("0 0 * * 8", "Etc/UTC", "the day of week must be 0-7"),
    ("0 0 * * MON#6", "Etc/UTC", "the day of week must be 0-7"),
    ("30-10 * * * *", "Etc/UTC", "a range must not end before it begins"),
    ("0 0 1,9-5/2 * *", "Etc/UTC", "a range must not end before it begins"),
    ("0 0 30 2 *", "Etc/UTC", "it would never come due"),
    ("0 0 30-31 feb *", "Etc/UTC", "it would never come due"),
    ("0 0 31 4,6,SEP,11 *", "Etc/UTC", "it would never come due"),
    ("0 0 * * *", "Europe/Berln", "timeZone: must be a name of the IANA"),
    ("0 0 * * *", "Local", "timeZone: must be a name of the IANA"),
]
GOOD_SCHEDULES: list[tuple[str, str]] = [
    ("@daily", "Etc/UTC"),
    ("0 0 29 2 *", "UTC"),
    ("0 0 30 2 MON", "Europe/Berlin"),
    ("0 0 31 4,5 *", "America/Argentina/Buenos_Aires"),
    ("*/5,59 0-23/2 L * 1-5", "Asia/Kathmandu"),
    ("05 08 LW jan-MAR sun#1,6L", "Etc/GMT+12"),
]
# A field of the job in a template, and what a refusal says.
BAD_TEMPLATES: list[tuple[str, str]] = [
    ("cancel", "a template cannot be cancelled: suspend the schedule"),
    ("suspend", "a template cannot be suspended: suspend the schedule"),
]
ONE_TEMPLATE = "exactly one of jobTemplate and experimentTemplate must be set"
# Changes of the experiment in a template, the field that a refusal names, and what it says. The API
# server keeps this spec as it is, so the parser alone refuses these.
BAD_EXPERIMENT_TEMPLATES: list[tuple[dict[str, Any], str, str]] = [
    ({"cancel": True}, "", "a template cannot be cancelled: suspend the schedule"),
    ({"suspend": True}, "", "a template cannot be suspended: suspend the schedule"),
    ({"repeats": 0}, ".spec.repeats", "greater than or equal to 1"),
    ({"cycles": 1}, ".spec.cycles", "unknown field"),
    ({"seed": 1}, ".spec", "seed must be set with order Random and with no other"),
    (
        {"factors": [{"name": "f", "path": "workloads[0].publish.nothing", "values": [1]}]},
        ".spec.factors[0].path",
        "has no nothing",
    ),
    (
        {"factors": [{"name": "f", "path": "streams[B].replicas", "values": [1, 2000]}]},
        ".spec.factors[0].values[1]",
        "a trial with streams[B].replicas = 2000 cannot run",
    ),
]


def schedule_of_experiments(**changes: Any) -> dict[str, Any]:
    """Return the spec of a schedule whose experiments have these fields."""
    return {
        "schedule": "@daily",
        "experimentTemplate": {"spec": {**good_experiment(), **changes}},
    }
