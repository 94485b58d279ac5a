"""The spec of an NjstSchedule, checked once: each point of an experiment is checked as a job; pure.

A schedule is looked at again at each change of its children, and at least once an hour.
"""

import json
from functools import lru_cache

from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.parsing.schedule import parse_schedule
from njst.contract.spec.schedule import ScheduleSpec
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource

_MOST_KNOWN = 256


def checked_schedule(schedule: ScheduleResource) -> ScheduleSpec | str:
    """Return the spec of a schedule; or why it is refused.

    A grid of a thousand points takes seconds when it is seen for the first time.
    """
    return _checked(json.dumps(schedule.spec))


@lru_cache(maxsize=_MOST_KNOWN)
def _checked(document: str) -> ScheduleSpec | str:
    try:
        return parse_schedule(json.loads(document))
    except InvalidDocumentError as error:
        return str(error)
