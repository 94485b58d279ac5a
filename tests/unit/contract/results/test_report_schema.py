"""docs/report.schema.json is that of the contract, and describes what the API returns."""

import json
from typing import Any

import pytest

from njst.api.job_documents import dump
from njst.contract.results.report import Report
from njst.contract.results.report_schema import report_schema
from tests.report_schema import FILE, check_report
from tests.unit.report.reports import ALL, GOOD


def test_schema__of_the_docs__is_the_generated_one() -> None:
    assert json.loads(FILE.read_text()) == report_schema(), "run `make crds`"


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_schema__documents_of_reports__are_valid(report: Report) -> None:
    check_report(dump(report))


@pytest.mark.parametrize(
    "changed",
    [
        {"schemaVersion": 2},
        {"verdict": "Maybe"},
        {"startTime": None},
        {"workers": [{"worker": "w"}]},
        {"worklods": []},
    ],
    ids=str,
)
def test_schema__other_documents__are_not(changed: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check_report({**dump(GOOD), **changed})


def test_schema__report_of_an_older_version__is_valid() -> None:
    older = {name: value for name, value in dump(GOOD).items() if name != "schemaVersion"}
    check_report(older)
    assert Report.model_validate_json(json.dumps(older)) == GOOD
