"""The spec of an NjstExperiment, checked once: each of its points is checked as a job; pure."""

import json
from functools import lru_cache

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.parsing.field_errors import InvalidDocumentError
from njst.contract.spec.experiment import ExperimentSpec
from njst_operator.controllers.experiment.experiment_resource import ExperimentResource

# Resources that are not accepted yet, of which there are few at a time.
_MOST_KNOWN = 64


def checked_spec(resource: ExperimentResource) -> ExperimentSpec | str:
    """Return the spec of a resource that is not accepted yet; or why it is refused.

    A grid of a thousand points takes seconds when it is seen for the first time.
    """
    return _checked(json.dumps(resource.spec))


@lru_cache(maxsize=_MOST_KNOWN)
def _checked(document: str) -> ExperimentSpec | str:
    try:
        return parse_experiment(json.loads(document))
    except InvalidDocumentError as error:
        return str(error)
