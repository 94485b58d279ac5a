"""A baseline as the text of a file: JSON that a person can read and a repository can keep."""

import json

from pydantic import ValidationError

from njst.contract.parsing.field_errors import InvalidDocumentError, problems_of
from njst.contract.results.comparison import Baseline


def baseline_text(baseline: Baseline) -> bytes:
    """Return the content of the file; equal baselines have equal files."""
    document = json.loads(baseline.to_json())
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


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
