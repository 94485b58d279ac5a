"""From the spec of an NjstSchedule to one whose jobs or experiments can run."""

from typing import Any

from njst.contract.parsing.document import parse_model
from njst.contract.parsing.experiment import trial_problems
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.spec.schedule import ScheduleSpec


def parse_schedule(data: Any) -> ScheduleSpec:
    """Return the spec of an NjstSchedule that JSON-like `data` describes.

    Raises:
        InvalidDocumentError: naming each field, below `spec`, that breaks the contract, or that
            keeps a trial of the experiment from running.
    """
    spec = parse_model(ScheduleSpec, data)
    if spec.experiment_template is not None:
        root = "spec.experimentTemplate.spec"
        if problems := trial_problems(spec.experiment_template.spec, root):
            raise InvalidDocumentError(problems)
    return spec
