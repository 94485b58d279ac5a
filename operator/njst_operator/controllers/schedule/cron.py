"""When a schedule is due; pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from njst.contract.spec.schedule import ScheduleSpec

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class UnreadableScheduleError(ValueError):
    """The schedule or its time zone cannot be read; the message names the field."""


class Cron:
    """The times of one schedule."""

    def __init__(self, spec: ScheduleSpec) -> None:
        """Read schedule and time zone.

        Raises:
            UnreadableScheduleError: one of them.
        """
        self._text = _MACROS.get(spec.schedule, spec.schedule)
        try:
            self._zone = ZoneInfo(spec.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise UnreadableScheduleError(
                f"spec.timeZone: {spec.time_zone!r} is no time zone of the IANA database"
            ) from error
        try:
            CronSim(self._text, datetime(2000, 1, 1, tzinfo=self._zone))
        except CronSimError as error:
            raise UnreadableScheduleError(f"spec.schedule: {spec.schedule!r}: {error}") from error

    def last(self, now: datetime) -> datetime | None:
        """Return the latest time that is not after `now`, in UTC."""
        # CronSim, going backwards, excludes the moment that it starts from, in whole seconds.
        after = now.replace(microsecond=0) + timedelta(seconds=1)
        return _utc(next(CronSim(self._text, after.astimezone(self._zone), reverse=True), None))

    def next(self, now: datetime) -> datetime:
        """Return the first time after `now`, in UTC.

        Raises:
            UnreadableScheduleError: there is none in 50 years.
        """
        found = _utc(next(CronSim(self._text, now.astimezone(self._zone)), None))
        if found is None:
            raise UnreadableScheduleError(f"spec.schedule: {self._text!r} never comes due")
        return found


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
