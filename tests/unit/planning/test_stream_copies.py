"""What a copy of a stream has when a workload reads it, and when a read-back says nothing."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState
from njst.planning.stream_copies import copied_state
from njst.planning.stream_requirements import check_made_streams

Document = dict[str, Any]


def spec(copy: Document, *workloads: Document) -> JobSpec:
    streams = [{"name": "A"}, {"name": "B", "count": 2}, {"name": "C", **copy}]
    write = {"name": "w", "stream": "A", "messages": 10, "publish": {}}
    more = {"name": "x", "stream": "B", "messages": 31, "publish": {}}
    return parse_spec({"streams": streams, "workloads": [write, more, *workloads]})


def origin(name: str, **more: str) -> Document:
    return {"name": name, **more}


@pytest.mark.parametrize(
    ("copy", "first", "last"),
    [
        ({"mirror": origin("A")}, 101, 150),
        ({"mirror": origin("A", filterSubject="A.a")}, 1, 7),
        ({"mirror": origin("A", apiPrefix="$JS.hub.API")}, 1, 7),
        ({"sources": [origin("A"), origin("B-1")]}, 1, 43),
        ({"sources": [origin("A"), origin("ELSEWHERE")]}, 1, 7),
        ({}, 1, 7),
    ],
    ids=str,
)
def test_copy__of_known_origins__has_what_they_have(copy: Document, first: int, last: int) -> None:
    stream = spec(copy).streams[-1]
    states = {
        "A": StreamState(last_sequence=150, first_sequence=101, messages=40),
        "B-1": StreamState(last_sequence=3, messages=3),
    }
    origins = {o.name: states[o.name] for o in stream.origins if o.name in states}
    if any(o.api_prefix for o in stream.origins):
        origins = {}
    known = copied_state(stream, StreamState(last_sequence=7), origins)
    assert (known.first_sequence, known.last_sequence) == (first, last)


@pytest.mark.parametrize(
    ("copy", "last"),
    [
        ({"mirror": origin("A")}, 10),
        ({"mirror": origin("B-0")}, 16),
        ({"sources": [origin("A"), origin("B-1")]}, 25),
    ],
    ids=str,
)
def test_get__after_publishers_to_the_origins__reads_all_that_they_published(
    copy: Document, last: int
) -> None:
    get = {"name": "g", "stream": "C", "messages": 100, "get": {}, "after": ["w", "x"]}
    plans = client_plans("j", spec(copy, get), ["a"], "a")
    assert plans[-1].get is not None
    assert plans[-1].get.last_sequence == last


def test_get__of_a_copied_part__is_refused() -> None:
    get = {"name": "g", "stream": "C", "messages": 1, "get": {}}
    job = spec({"mirror": origin("A", filterSubject="A.a")}, get)
    with pytest.raises(SetupError, match=r"\(g\)\.get: C copies a part of its origin"):
        check_made_streams(job, [], {})


def test_read_back__of_a_stream_with_sources__says_nothing_if_the_job_publishes_elsewhere() -> None:
    own = {"name": "y", "stream": "C", "messages": 1, "publish": {}}
    both = spec({"sources": [origin("A")], "subjects": ["c"]}, own)
    alone = both.without(["w", "x"])
    there = {"C": StreamState(has_sources=True)}
    obstacles = [
        plan.publish.read_back.obstacle
        for which in (both, alone)
        for plan in client_plans("j", which, ["a"], "a", TargetState(there))
        if plan.workload == "y" and plan.publish is not None and plan.publish.read_back is not None
    ]
    assert obstacles == ["Sourced", ""]
