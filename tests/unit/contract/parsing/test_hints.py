"""Hints name the field of a stream, and are given only where something is not what it seems."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.hints import hints

Document = dict[str, Any]


def spec(stream: Document, kind: str = "publish") -> Document:
    work = {"name": "w", "stream": "S", "messages": 1, kind: {}}
    return {"streams": [{"name": "S", **stream}], "workloads": [work]}


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (spec({"discard": "New", "maxMessagesPerSubject": 5}), "discardNewPerSubject: true"),
        (spec({"retention": "Interest"}), "no consumer"),
    ],
    ids=["discard", "interest"],
)
def test_hint__of_a_combination_that_few_expect__names_the_stream(
    document: Document, word: str
) -> None:
    (hint,) = hints(parse_spec(document))
    assert hint.startswith("spec.streams[0] (S): ")
    assert word in hint


@pytest.mark.parametrize(
    "document",
    [
        spec({}),
        spec({"discard": "New", "maxMessages": 5}),
        spec({"maxMessagesPerSubject": 5}),
        spec({"discard": "New", "maxMessagesPerSubject": 5, "discardNewPerSubject": True}),
        spec({"retention": "Interest"}, "consume"),
        spec({"retention": "Interest", "useExisting": True}, "consume"),
    ],
    ids=str,
)
def test_hint__of_what_is_as_it_seems__is_not_given(document: Document) -> None:
    assert hints(parse_spec(document)) == []
