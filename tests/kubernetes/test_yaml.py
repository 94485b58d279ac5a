"""A manifest means the same through kubectl and through njst, however its scalars are written."""

import httpx
import pytest

from njst.contract.parsing.document import parse_document
from njst.contract.parsing.field_errors import InvalidDocumentError
from tests.kubernetes.test_bad_documents import api as api  # noqa: PLC0414
from tests.unit.contract.parsing.scalars import FIELDS, SCALARS

MANIFEST = """
apiVersion: njst.io/v1alpha1
kind: NjstJob
metadata: {name: scalars}
spec:
  %s: %s
  streams: [{name: S}]
  workloads: [{name: w, stream: S, messages: 1, publish: {}}]
"""


def _by_njst(text: str, field: str) -> object:
    try:
        spec = parse_document(text.encode()).spec
    except InvalidDocumentError:
        return "refused"
    return getattr(spec, field)


def _by_the_api_server(api: httpx.Client, text: str, field: str) -> object:
    answer = api.post(
        "",
        content=text,
        headers={"content-type": "application/yaml"},
        params={"dryRun": "All", "fieldValidation": "Strict"},
    ).json()
    if answer["kind"] == "Status":
        return "refused"
    return answer["spec"].get(field, {"description": "", "priority": 0, "suspend": False}[field])


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalar__in_each_kind_of_field__is_read_as_the_api_server_reads_it(
    api: httpx.Client, scalar: str
) -> None:
    texts = {field: MANIFEST % (field, scalar) for field in FIELDS}
    ours = {field: _by_njst(text, field) for field, text in texts.items()}
    theirs = {field: _by_the_api_server(api, text, field) for field, text in texts.items()}
    assert ours == theirs
