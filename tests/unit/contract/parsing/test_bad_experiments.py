"""An experiment that cannot run is refused before its first trial, with the field that is wrong."""

import json

import pytest

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.parsing.field_errors import InvalidDocumentError
from tests.unit.contract.parsing.bad_experiments import (
    BAD_EXPERIMENTS,
    Document,
    good_experiment,
    good_search,
)


@pytest.mark.parametrize(
    ("document", "field", "said"),
    BAD_EXPERIMENTS,
    ids=[f"{number}-{row[2][:40]}" for number, row in enumerate(BAD_EXPERIMENTS)],
)
def test_parse_experiment__bad_spec__names_its_field_and_no_other(
    document: Document, field: str, said: str
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        parse_experiment(document)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert said in refused.value.problems[0].message


@pytest.mark.parametrize("document", [good_experiment(), good_search()], ids=["grid", "search"])
def test_parse_experiment__good_spec__survives_a_round_trip(document: Document) -> None:
    spec = parse_experiment(document)
    text = spec.model_dump_json(exclude_none=True)
    assert parse_experiment(json.loads(text)) == spec


def test_parse_experiment__largest_grid__is_taken() -> None:
    document = good_experiment()
    document["factors"][0]["values"] = list(range(100))
    document["factors"][1]["values"] = [1, 2, 3, 4, 5]
    assert parse_experiment({**document, "repeats": 2, "maxTrials": 1000})
