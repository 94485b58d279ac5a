"""Bad input gets one clear error that names the field."""

import json

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.parsing.schedule import parse_schedule
from tests.unit.contract.parsing.bad_documents import BAD, GOOD, MISSPELT, Spec, good
from tests.unit.contract.parsing.bad_schedules import (
    BAD_EXPERIMENT_TEMPLATES,
    BAD_SCHEDULES,
    BAD_TEMPLATES,
    GOOD_SCHEDULES,
    ONE_TEMPLATE,
    schedule_of_experiments,
)


@pytest.mark.parametrize(("spec", "field"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_spec_names_its_field_and_no_other(spec: Spec, field: str) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_spec(spec)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert refused.value.problems[0].message


@pytest.mark.parametrize(
    ("spec", "word"), [row[1:] for row in MISSPELT], ids=[row[0] for row in MISSPELT]
)
def test_a_misspelt_word_is_quoted(spec: Spec, word: str) -> None:
    with pytest.raises(InvalidDocumentError, match=f'and "{word}" is not$'):
        parse_spec(spec)


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len({name for name, _, _ in BAD}) == len(BAD) >= 40


@pytest.mark.parametrize("spec", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_a_good_spec_survives_a_round_trip(spec: Spec) -> None:
    parsed = parse_spec(spec)
    text = parsed.model_dump_json(exclude_none=True)
    assert parse_spec(json.loads(text)) == parsed
    assert "null" not in text


def _schedule(text: str, zone: str) -> Spec:
    return {"schedule": text, "timeZone": zone, "jobTemplate": {"spec": good()}}


@pytest.mark.parametrize(("text", "zone", "said"), BAD_SCHEDULES)
def test_a_schedule_that_never_comes_due_is_refused(text: str, zone: str, said: str) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_schedule(_schedule(text, zone))
    (problem,) = refused.value.problems
    assert problem.field == "spec"
    assert said in problem.message


@pytest.mark.parametrize(("text", "zone"), GOOD_SCHEDULES)
def test_a_schedule_that_comes_due_is_taken(text: str, zone: str) -> None:
    assert parse_schedule(_schedule(text, zone)).schedule == text


@pytest.mark.parametrize(("field", "said"), BAD_TEMPLATES)
def test_a_template_whose_jobs_never_run_is_refused(field: str, said: str) -> None:
    schedule = _schedule("@daily", "Etc/UTC")
    schedule["jobTemplate"] = {"spec": {**good(), field: True}}
    with pytest.raises(InvalidDocumentError) as refused:
        parse_schedule(schedule)
    (problem,) = refused.value.problems
    assert (problem.field, problem.message) == ("spec.jobTemplate", said)
    schedule["jobTemplate"] = {"spec": {**good(), field: False}}
    assert parse_schedule(schedule)


@pytest.mark.parametrize(("changes", "field", "said"), BAD_EXPERIMENT_TEMPLATES)
def test_a_template_whose_experiments_never_run_is_refused(
    changes: Spec, field: str, said: str
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_schedule(schedule_of_experiments(**changes))
    (problem,) = refused.value.problems
    assert problem.field == f"spec.experimentTemplate{field}"
    assert said in problem.message


def test_a_schedule_has_exactly_one_template() -> None:
    of_experiments, of_jobs = schedule_of_experiments(), _schedule("@daily", "Etc/UTC")
    assert parse_schedule(of_experiments).experiment_template
    for spec in ({"schedule": "@daily"}, {**of_jobs, **of_experiments}):
        with pytest.raises(InvalidDocumentError) as refused:
            parse_schedule(spec)
        (problem,) = refused.value.problems
        assert (problem.field, problem.message) == ("spec", ONE_TEMPLATE)
