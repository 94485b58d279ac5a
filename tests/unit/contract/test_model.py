"""What all models have in common."""

from njst.contract.results.job_status import Condition, JobStatus
from njst.contract.spec.job import JobSpec

CONDITION = Condition(type="Ready", status="True", last_transition_time="now", reason="Completed")
SPEC = (
    b'{"streams":[{"name":"S"}],"workloads":[{"name":"w","stream":"S","messages":1,"publish":{}}]}'
)


def test_no_model_keeps_which_of_its_fields_were_given() -> None:
    read = JobStatus.model_validate_json(JobStatus(conditions=[CONDITION]).to_json())
    spec = JobSpec.model_validate_json(SPEC)
    kept = [CONDITION, read, read.conditions[0], spec, spec.workloads[0]]
    assert [model.model_fields_set for model in kept] == [set()] * len(kept)
    # One for all of them: what a copy is given is the copy's own.
    copy = CONDITION.model_copy(update={"reason": "Lost"})
    assert copy.reason == "Lost"
    assert CONDITION.model_fields_set == set()
    assert read.conditions[0] == CONDITION
