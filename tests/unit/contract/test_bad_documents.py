"""Bad input gets one clear error that names the field."""

import json

import pytest

from njst.contract.document import parse_spec
from njst.contract.errors import InvalidDocumentError
from tests.unit.contract.bad_documents import BAD, GOOD, MISSPELT, Spec


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
