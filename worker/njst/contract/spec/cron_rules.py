"""What a schedule must be to come due at all: the same rules for pydantic and for an API server.

A regular expression for each field of cron, in the syntax that RE2 and Python share. What no
expression can tell (a range that runs backwards between names, say) the operator finds when it
reads the schedule.
"""

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from njst.contract.model import Rule

if TYPE_CHECKING:
    from njst.contract.spec.schedule import ScheduleSpec


class _CronField(NamedTuple):
    """One of the five fields: its name, what is allowed in words, and one value as a pattern."""

    name: str
    allowed: str
    value: str
    # Terms beside values, ranges and steps.
    special: str = ""

    @property
    def pattern(self) -> str:
        term = rf"(\*|({self.value})(-({self.value}))?)(/0*[1-9][0-9]*)?"
        if self.special:
            term = f"({term}|{self.special})"
        return f"(?i)^{term}(,{term})*$"


_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
_DAY_OF_WEEK = f"0*[0-7]|{_DAYS}"
_FIELDS = (
    _CronField("minute", "0-59", "0*[1-5]?[0-9]"),
    _CronField("hour", "0-23", "0*(1?[0-9]|2[0-3])"),
    _CronField("day of month", "1-31, L or LW", "0*([1-9]|[12][0-9]|3[01])", "LW?"),
    _CronField("month", "1-12 or JAN-DEC", f"0*([1-9]|1[0-2])|{_MONTHS}"),
    _CronField(
        "day of week", "0-7 or SUN-SAT", _DAY_OF_WEEK, rf"0*[0-7]L|({_DAY_OF_WEEK})#0*[1-5]"
    ),
)
# Days that a month lacks, and the months: cron asks for both where the day of week begins with *.
_LONG_DAYS = "^0*3[01]([,-]0*3[01])*$"
_FEBRUARY = "(?i)^(0*2|FEB)$"
_DAY_31 = "^0*31(,0*31)*$"
_SHORT_MONTH = "0*(2|4|6|9|11)|FEB|APR|JUN|SEP|NOV"
_SHORT_MONTHS = f"(?i)^({_SHORT_MONTH})(,({_SHORT_MONTH}))*$"


def _fields_of(spec: "ScheduleSpec") -> list[str] | None:
    """Return the five fields of a schedule; None for a macro."""
    return None if spec.schedule.startswith("@") else spec.schedule.split(" ")


def _part(place: int) -> str:
    return f"self.schedule.split(' ')[{place}]"


def _cel_matches(place: int, pattern: str) -> str:
    return f"{_part(place)}.matches(r'{pattern}')"


def _field_rule(place: int, field: _CronField) -> Rule:
    def holds(spec: Any) -> bool:
        fields = _fields_of(spec)
        return fields is None or re.search(field.pattern, fields[place]) is not None

    return Rule(
        cel=f"self.schedule.startsWith('@') || {_cel_matches(place, field.pattern)}",
        message=f"schedule: the {field.name} must be {field.allowed}, as values, ranges, steps (/n)"
        " or *, comma separated",
        holds=holds,
    )


def _ranges_run_forwards(spec: Any) -> bool:
    terms = [term for field in _fields_of(spec) or () for term in field.split(",")]
    found = (re.fullmatch(r"([0-9]+)-([0-9]+)(/.*)?", term) for term in terms)
    return all(int(match[1]) <= int(match[2]) for match in found if match is not None)


def _comes(spec: Any) -> bool:
    fields = _fields_of(spec)
    if fields is None or not fields[4].startswith("*"):
        return True
    _, _, day, month, _ = fields
    return not (
        (re.search(_LONG_DAYS, day) and re.search(_FEBRUARY, month))
        or (re.search(_DAY_31, day) and re.search(_SHORT_MONTHS, month))
    )


def _is_zone(spec: Any) -> bool:
    try:
        ZoneInfo(spec.time_zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


CRON_RULES: tuple[Rule, ...] = (
    *(_field_rule(place, field) for place, field in enumerate(_FIELDS)),
    Rule(
        cel="self.schedule.startsWith('@') || self.schedule.replace(',', ' ').split(' ').all(t,"
        " !t.matches(r'^[0-9]+-[0-9]+(/.*)?$') ||"
        " int(t.split('-')[0]) <= int(t.split('-')[1].split('/')[0]))",
        message="schedule: a range must not end before it begins",
        holds=_ranges_run_forwards,
    ),
    Rule(
        cel=f"self.schedule.startsWith('@') || !{_part(4)}.startsWith('*') ||"
        f" !(({_cel_matches(2, _LONG_DAYS)} && {_cel_matches(3, _FEBRUARY)}) ||"
        f" ({_cel_matches(2, _DAY_31)} && {_cel_matches(3, _SHORT_MONTHS)}))",
        message="schedule: no month in it has such a day, so it would never come due",
        holds=_comes,
    ),
    Rule(
        # An unknown name is an error of the evaluation, which refuses the resource as well.
        cel="self.timeZone != 'Local' &&"
        " timestamp('2000-01-01T00:00:00Z').getFullYear(self.timeZone) > 0",
        message="timeZone: must be a name of the IANA time zone database, such as Europe/Berlin",
        holds=_is_zone,
    ),
)
