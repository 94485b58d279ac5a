"""What a job says about the resource that it is made from."""

from dataclasses import replace
from typing import Any

import pytest

from njst.contract.events import Origin, OriginKind
from njst_operator.controllers.job.job_observer import JobObserver
from tests.unit.operator.controllers.job.test_job_decide import resource


class _Identity:
    async def get(self) -> str:
        return "cluster-1"


@pytest.mark.parametrize("schedule", [None, "nightly"])
async def test_origin__of_a_resource__names_the_schedule_that_made_it(schedule: str | None) -> None:
    nothing: Any = None
    identity: Any = _Identity()
    observer = JobObserver(nothing, nothing, nothing, identity)
    made = replace(resource(), schedule=schedule)
    origin = await observer.origin(made)
    assert (origin.kind, origin.name, origin.cluster) == (
        OriginKind.RESOURCE,
        made.name,
        "cluster-1",
    )
    assert Origin.model_validate_json(origin.to_json()).schedule == schedule
    # An older worker does not see the field unless it is used.
    assert (b"schedule" in origin.to_json()) == (schedule is not None)
