"""What a job or an experiment says about the resource that it is made from."""

from dataclasses import replace
from typing import Any

import pytest

from njst.contract.events import Origin, OriginKind
from njst_operator.controllers.experiment.experiment_observer import ExperimentObserver
from njst_operator.controllers.job.job_observer import JobObserver
from tests.unit.operator.controllers.experiment.test_experiment_decide import (
    resource as experiment,
)
from tests.unit.operator.controllers.job.test_job_decide import resource


class _Identity:
    async def get(self) -> str:
        return "cluster-1"


_NOTHING: Any = None
_IDENTITY: Any = _Identity()


@pytest.mark.parametrize("schedule", [None, "nightly"])
@pytest.mark.parametrize("is_job", [True, False], ids=["job", "experiment"])
async def test_origin__of_a_resource__names_the_schedule_that_made_it(
    schedule: str | None, is_job: bool
) -> None:
    made: Any = replace(resource() if is_job else experiment(), schedule=schedule)
    observer: Any = (
        JobObserver(_NOTHING, _NOTHING, _NOTHING, _IDENTITY)
        if is_job
        else ExperimentObserver(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _IDENTITY, _NOTHING)
    )
    origin = await observer.origin(made)
    assert (origin.kind, origin.name, origin.cluster) == (
        OriginKind.RESOURCE,
        made.name,
        "cluster-1",
    )
    assert Origin.model_validate_json(origin.to_json()).schedule == schedule
    # An older worker does not see the field unless it is used.
    assert (b"schedule" in origin.to_json()) == (schedule is not None)
