"""A name or a subject that a nats-server takes is taken, and the others are refused by field."""

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from tests.unit.contract.parsing.names import (
    BAD_NAMES,
    BAD_SUBJECTS,
    GOOD_NAMES,
    GOOD_SUBJECTS,
    Spec,
    addressed,
    named,
)


@pytest.mark.parametrize("spec", [named(name) for name in GOOD_NAMES], ids=GOOD_NAMES)
def test_name__that_a_server_takes__is_taken(spec: Spec) -> None:
    assert parse_spec(spec).streams[0].name == spec["streams"][0]["name"]


@pytest.mark.parametrize("spec", [addressed(name) for name in GOOD_SUBJECTS], ids=GOOD_SUBJECTS)
def test_subject__that_a_server_takes__is_taken(spec: Spec) -> None:
    assert parse_spec(spec).streams[0].subjects == spec["streams"][0]["subjects"]


def _fields(spec: Spec) -> set[str]:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_spec(spec)
    return {problem.field for problem in refused.value.problems}


@pytest.mark.parametrize(
    "spec", [named(name) for name in BAD_NAMES], ids=[repr(name) for name in BAD_NAMES]
)
def test_name__that_no_server_takes__is_refused_by_field(spec: Spec) -> None:
    workload = "spec.workloads[0]"
    wanted = {f"{workload}.stream", f"{workload}.consume.existingConsumer"}
    assert _fields(spec) == {"spec.streams[0].name", *wanted}


@pytest.mark.parametrize(
    "spec", [addressed(name) for name in BAD_SUBJECTS], ids=[repr(name) for name in BAD_SUBJECTS]
)
def test_subject__that_no_server_takes__is_refused_by_field(spec: Spec) -> None:
    assert _fields(spec) == {
        "spec.streams[0].subjects[0]",
        "spec.workloads[0].publish.subjects[0]",
        "spec.workloads[1].consume.filterSubjects[0]",
        "spec.workloads[2].core.subject",
    }
