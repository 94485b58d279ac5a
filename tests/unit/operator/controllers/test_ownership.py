"""Which of several installations handles a resource, as a table."""

from dataclasses import replace
from typing import Any

import pytest

from njst.contract.results.job_status import JobStatus
from njst_operator.controllers.ownership import Ownership
from tests.unit.operator.controllers.job.test_job_decide import resource
from tests.unit.operator.controllers.schedule.test_schedule_decide import schedule

DEFAULT, OTHER = Ownership("a"), Ownership("b", is_default=False)
BY_OTHER = JobStatus(phase="Running", job_id="j", mesh="b")
# Accepted by an njst that did not write its mesh yet.
BY_OLDER = JobStatus(phase="Running", job_id="j")


@pytest.mark.parametrize(
    ("spec", "status", "logged", "takers"),
    [
        ({}, JobStatus(), (), "a"),
        ({"mesh": "a"}, JobStatus(), (), "a"),
        ({"mesh": "b"}, JobStatus(), (), "b"),
        ({"mesh": "c"}, JobStatus(), (), ""),
        ({"mesh": "b"}, BY_OLDER, "a", "b"),
        # The installation that accepted it keeps it, whichever is the default now.
        ({}, BY_OTHER, "b", "b"),
        ({}, BY_OTHER, "ab", "b"),
        ({}, JobStatus(phase="Pending", mesh="b"), (), "a"),
        ({}, BY_OLDER, "b", "ab"),
        ({}, BY_OLDER, "a", "a"),
    ],
)
def test_takes__job__by_mesh_and_acceptance(
    spec: dict[str, Any], status: JobStatus, logged: str, takers: str
) -> None:
    it = resource(status, **spec)
    took = [i.mesh for i in (DEFAULT, OTHER) if i.takes(it, in_own_log=i.mesh in logged)]
    assert "".join(took) == takers


@pytest.mark.parametrize(
    ("spec", "taker"),
    [({}, "a"), ({"mesh": "b"}, "b"), ({"mesh": "c"}, ""), ({"mesh": 1}, "a")],
)
@pytest.mark.parametrize("template", ["jobTemplate", "experimentTemplate"])
def test_takes_schedule__schedule__by_mesh(template: str, spec: dict[str, Any], taker: str) -> None:
    it = replace(schedule(), spec={template: {"spec": spec}})
    assert "".join(i.mesh for i in (DEFAULT, OTHER) if i.takes_schedule(it)) == taker
