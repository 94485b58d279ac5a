"""From the text of a comparison to a checked request."""

from njst.contract.parsing.document import parse_model
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError
from njst.contract.parsing.yaml_loader import load_object
from njst.contract.spec.comparison import ComparisonRequest


def parse_comparison(text: bytes) -> ComparisonRequest:
    """Return the comparison that `text` asks for, as JSON or YAML.

    Raises:
        InvalidDocumentError: the text is neither JSON nor YAML, or breaks the contract. Field paths
            begin at the root of the document.
    """
    data = load_object(text)
    try:
        return parse_model(ComparisonRequest, data, root="")
    except InvalidDocumentError as error:
        # A rule over several fields is of the whole document, which has no field path.
        named = [FieldProblem(p.field or "comparison", p.message) for p in error.problems]
        raise InvalidDocumentError(named) from error
