"""A manifest means the same through kubectl and through njst, however its scalars are written."""

import httpx
import pytest

from njst.contract.parsing.document import parse_document, parse_spec
from njst.contract.parsing.field_errors import InvalidDocumentError
from tests.kubernetes.test_bad_documents import api as api  # noqa: PLC0414
from tests.unit.contract.parsing.scalars import FIELDS, SCALARS
from tests.unit.contract.parsing.yaml_documents import AS_KUBECTL, DOCUMENTS, STRICTER

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


@pytest.mark.parametrize(("name", "text"), DOCUMENTS.items(), ids=DOCUMENTS)
def test_document__is_read_as_the_api_server_reads_it(
    api: httpx.Client, name: str, text: str
) -> None:
    try:
        ours: object = parse_document(text.encode()).spec
    except InvalidDocumentError:
        ours = "refused"
    answer = api.post(
        "",
        content=text.encode(),
        headers={"content-type": "application/yaml"},
        params={"dryRun": "All", "fieldValidation": "Strict"},
    ).json()
    theirs = "refused" if answer["kind"] == "Status" else parse_spec(answer["spec"])
    if name in STRICTER:
        assert (ours, theirs == "refused") == ("refused", False)
    elif name in AS_KUBECTL:
        assert (ours == "refused", theirs) == (False, "refused")
    else:
        assert ours == theirs


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalar__in_each_kind_of_field__is_read_as_the_api_server_reads_it(
    api: httpx.Client, scalar: str
) -> None:
    texts = {field: MANIFEST % (field, scalar) for field in FIELDS}
    ours = {field: _by_njst(text, field) for field, text in texts.items()}
    theirs = {field: _by_the_api_server(api, text, field) for field, text in texts.items()}
    assert ours == theirs
