"""Checks a document of any kind."""

from njst.contract.names.kubernetes import EXPERIMENT_KIND, SCHEDULE_KIND
from njst.contract.parsing.document import ScheduleHead, parse_head, parse_job
from njst.contract.parsing.experiment import parse_experiment_object
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError
from njst.contract.parsing.schedule import parse_schedule
from njst.contract.parsing.yaml_loader import load_object
from njst.contract.spec.schedule import MAX_NAME, NAME_TOO_LONG


def check_document(text: bytes) -> None:
    """Check the one manifest of any kind, or bare spec of a job, in `text`, as JSON or YAML.

    Raises:
        InvalidDocumentError: the text cannot be read, or breaks the contract of its kind.
    """
    data = load_object(text)
    kind = data.get("kind")
    if kind == EXPERIMENT_KIND:
        parse_experiment_object(data)
    elif kind == SCHEDULE_KIND:
        head = parse_head(ScheduleHead, data)
        if len(head.metadata.name) > MAX_NAME:
            raise InvalidDocumentError([FieldProblem("metadata.name", NAME_TOO_LONG)])
        parse_schedule(data["spec"])
    else:
        parse_job(data)
