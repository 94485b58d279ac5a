"""From the text of a baseline, or of a request for one, to a checked document."""

import json

from pydantic import ValidationError

from njst.contract.parsing.document import parse_model
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError, problems_of
from njst.contract.parsing.yaml_loader import load_object
from njst.contract.results.comparison import Baseline
from njst.contract.spec.comparison import BaselineRequest


def parse_baseline_body(text: bytes) -> Baseline | BaselineRequest:
    """Return the baseline in `text`, or the jobs that are to be one, as JSON or YAML.

    Raises:
        InvalidDocumentError: the text is neither JSON nor YAML, or breaks the contract. Field paths
            begin at the root of the document.
    """
    data = load_object(text)
    if "format" in data or "runs" in data:
        return read_baseline(json.dumps(data, default=str).encode())
    try:
        return parse_model(BaselineRequest, data, root="")
    except InvalidDocumentError as error:
        # A rule over several fields is of the whole document, which has no field path.
        named = [FieldProblem(p.field or "jobs", p.message) for p in error.problems]
        raise InvalidDocumentError(named) from error


def read_baseline(text: bytes) -> Baseline:
    """Return the baseline in a file.

    Raises:
        InvalidDocumentError: it is not JSON, or no baseline; it names each field.
    """
    try:
        return Baseline.model_validate_json(text)
    except ValidationError as error:
        problems = problems_of(error, "")
    if any(problem.field == "format" for problem in problems):
        problems = tuple(p for p in problems if p.field == "format")
    raise InvalidDocumentError(problems)
