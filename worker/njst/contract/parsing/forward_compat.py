"""Reads events of other versions of njst: during a rollout old and new workers share one log.

Unknown fields of events are ignored, unknown events are counted. A spec must be complete, since a
part of it would be another job: unknown fields in it are left out and listed, so that an older
worker shows the job and declines to take part.
"""

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from njst.contract.events import Created, Payload

_Event = TypeVar("_Event", bound=Payload)


def read_event(event_type: type[_Event], data: bytes) -> _Event:
    """Return the event in `data`.

    Raises:
        ValidationError: it is not an event of any version.
    """
    try:
        return event_type.model_validate_json(data)
    except ValidationError as error:
        unknown = [list(e["loc"]) for e in error.errors() if e["type"] == "extra_forbidden"]
        if event_type is not Created or len(unknown) != error.error_count():
            raise
    document = json.loads(data)
    for path in unknown:
        _leave_out(document, path)
    document["unknownFields"] = sorted(".".join(str(part) for part in path) for path in unknown)
    return event_type.model_validate_json(json.dumps(document))


def _leave_out(document: Any, path: list[Any]) -> None:
    for part in path[:-1]:
        document = document[part]
    del document[path[-1]]
