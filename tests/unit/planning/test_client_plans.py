"""Shares: all parts together are the whole, to the message, whoever computes them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.parsing.document import parse_spec
from njst.contract.plan import ClientPlan
from njst.contract.spec.job import JobSpec
from njst.load.kinds.publish.publish_rows import subject_numbers
from njst.load.pacing.arrival_schedule import ArrivalSchedule
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState, split

Document = dict[str, Any]


def spec(count: int, clients: int, messages: int) -> JobSpec:
    workload = {"stream": "S", "clients": clients, "messages": messages}
    return parse_spec(
        {
            "streams": [{"name": "S", "count": count}],
            "workloads": [
                {"name": "w", **workload, "publish": {}},
                {"name": "r", **workload, "consume": {}},
            ],
        }
    )


@given(st.integers(0, 10**12), st.integers(1, 5000))
def test_parts_are_the_whole_and_differ_by_at_most_one(total: int, parts: int) -> None:
    shares = [split(total, parts, index) for index in range(min(parts, 5000))]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 100_000), st.integers(1, 7))
def test_no_message_is_lost_or_done_twice(
    count: int, clients: int, messages: int, workers: int
) -> None:
    job = spec(count, clients, messages)
    names = [f"w{n}" for n in range(workers)]
    plans = [plan for me in names for plan in client_plans("j", job, names, me)]
    for workload in ("w", "r"):
        mine = [plan for plan in plans if plan.workload == workload]
        assert sum(plan.messages or 0 for plan in mine) == messages
        assert len({plan.index for plan in mine}) == len(mine)
        assert all(plan.messages for plan in mine)


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 10_000), st.integers(1, 5))
def test_a_stream_is_read_as_often_as_it_is_written(
    count: int, clients: int, messages: int, workers: int
) -> None:
    job = spec(count, clients, messages)
    names = [f"w{n}" for n in range(workers)]
    written: dict[str, int] = {}
    read: dict[str, int] = {}
    for me in names:
        for plan in client_plans("j", job, names, me):
            if plan.publish is not None:
                stream = plan.publish.subjects[0].split(".")[0]
                written[stream] = written.get(stream, 0) + (plan.messages or 0)
            if plan.consume is not None:
                name = plan.consume.stream
                read[name] = read.get(name, 0) + (plan.messages or 0)
    assert read == written


def test_the_order_in_which_participants_are_named_does_not_matter() -> None:
    job = spec(2, 2, 1001)
    assert client_plans("j", job, ["b", "a", "c"], "b") == client_plans(
        "j", job, ["c", "b", "a"], "b"
    )


def test_a_duration_is_given_to_every_client() -> None:
    job = parse_spec(
        {
            "streams": [{"name": "S"}],
            "workloads": [
                {"name": "w", "stream": "S", "clients": 2, "durationSeconds": 7, "publish": {}}
            ],
        }
    )
    plans = client_plans("j", job, ["a", "b"], "a")
    assert [plan.duration_ms for plan in plans] == [7000, 7000]
    assert [plan.messages for plan in plans] == [None, None]


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.integers(0, 5_000), st.sampled_from(["Linear", "Step"])),
        min_size=1,
        max_size=5,
    ).filter(lambda stages: any(rate for _, rate, _ in stages)),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_stages__over_all_clients__offer_every_message_once(
    stages: list[tuple[int, int, str]], count: int, clients: int, workers: int
) -> None:
    documents = [
        {"durationSeconds": seconds, "messagesPerSecond": rate, "ramp": ramp}
        for seconds, rate, ramp in stages
    ]
    workload = {"name": "w", "stream": "S", "clients": clients, "stages": documents, "publish": {}}
    job = parse_spec({"streams": [{"name": "S", "count": count}], "workloads": [workload]})
    names = [f"w{n}" for n in range(workers)]
    plans = [plan for me in names for plan in client_plans("j", job, names, me)]
    assert {plan.duration_ms for plan in plans} == {1000 * sum(s for s, _, _ in stages)}
    assert len({plan.pace.index for plan in plans if plan.pace}) == count * clients * workers
    sent = sum(
        ArrivalSchedule(plan.pace).due_count((plan.duration_ms or 0) * 1_000_000 - 1)
        for plan in plans
        if plan.pace
    )
    twice, before = 0, 0
    for seconds, rate, ramp in stages:
        twice += seconds * (rate + (before if ramp == "Linear" else rate))
        before = rate
    assert sent == -(-twice // 2)


def test_a_get_that_begins_after_a_publish_knows_what_will_be_there() -> None:
    def workload(name: str, kind: str, **more: object) -> dict[str, object]:
        return {"name": name, "stream": "S", "messages": 11, kind: {}, **more}

    job = parse_spec(
        {
            "streams": [{"name": "S", "count": 2}],
            "workloads": [
                workload("fill", "publish"),
                workload("fill-more", "publish", after=["fill"], startSeconds=3),
                workload("get", "get", after=["fill-more"]),
                workload("now", "get"),
            ],
        }
    )
    plans = client_plans(
        "j", job, ["a"], "a", TargetState({"S-0": StreamState(100), "S-1": StreamState(0)})
    )
    last = {(p.workload, p.get.stream): p.get.last_sequence for p in plans if p.get}
    assert last == {
        ("get", "S-0"): 112,
        ("get", "S-1"): 10,
        ("now", "S-0"): 100,
        ("now", "S-1"): 0,
    }
    assert {(p.workload, p.is_gated, p.start_ms) for p in plans} == {
        ("fill", False, 0),
        ("fill-more", True, 3000),
        ("get", True, 0),
        ("now", False, 0),
    }


@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(1, 60),
)
def test_in_turns_few_messages_reach_as_many_subjects_as_they_can(
    streams: int, clients: int, workers: int, subjects: int, messages: int
) -> None:
    publish = {"subjects": ["S-{index}.a"], "subjectCount": subjects}
    workload = {"name": "w", "stream": "S", "clients": clients, "messages": messages}
    document = {
        "streams": [{"name": "S", "count": streams}],
        "workloads": [{**workload, "publish": publish}],
    }
    plans = all_clients(document, workers)
    sent: Counter[tuple[str, int]] = Counter()
    for plan in plans:
        assert plan.publish is not None
        number_of = subject_numbers(plan)
        where = plan.publish.subjects[0]
        sent.update((where, number_of(message)) for message in range(plan.messages or 0))
    for stream in range(streams):
        part = split(messages, streams, stream)
        times = [count for (where, _), count in sent.items() if where == f"S-{stream}.a"]
        assert len(times) == min(part, subjects)
        assert sum(times) == part


@pytest.mark.parametrize("kind", ["publish", "get", "keyValue"])
def test_without_a_number_of_messages_clients_begin_evenly_spread(kind: str) -> None:
    stream = "KV_b" if kind == "keyValue" else "S"
    how = {
        "publish": {"subjects": ["S.a", "S.b"], "subjectCount": 50},
        "get": {"mode": "LastBySubject", "subjects": ["S.a"], "subjectCount": 100},
        "keyValue": {"operation": "Get", "keys": 100, "sharedKeys": True},
    }[kind]
    assert firsts(stream, {kind: how}) == [0, 25, 50, 75]


def test_those_who_read_by_sequence_begin_evenly_spread() -> None:
    for mode in ("Sequence", "Batch"):
        assert firsts("S", {"get": {"mode": mode}}, last=10) == [0, 3, 6, 8]
        assert firsts("S", {"get": {"mode": mode}}, last=0) == [0] * 4


@pytest.mark.parametrize(
    "how",
    [
        {"operation": "Put"},
        {"operation": "Create", "sharedKeys": True},
        {"operation": "Update", "sharedKeys": True},
    ],
    ids=str,
)
def test_who_has_keys_alone_or_is_to_meet_others_begins_at_the_first(how: Document) -> None:
    assert firsts("KV_b", {"keyValue": {"keys": 100, **how}}) == [0] * 4


def firsts(stream: str, kind: Document, last: int = 0) -> list[int]:
    """Where two clients of each of two workers begin."""
    workload = {"name": "w", "stream": stream, "clients": 2, "durationSeconds": 1, **kind}
    document = {"streams": [{"name": stream}], "workloads": [workload]}
    found = []
    for plan in all_clients(document, 2, {stream: StreamState(last)}):
        if plan.publish is not None:
            found.append(plan.publish.first_subject)
        elif plan.get is not None:
            found.append(plan.get.first)
        elif plan.key_value is not None:
            found.append(plan.key_value.first_key)
    return found


def all_clients(
    document: Document, workers: int, there: Mapping[str, StreamState] | None = None
) -> list[ClientPlan]:
    names = [f"w{n}" for n in range(workers)]
    job = parse_spec(document)
    return [
        plan for me in names for plan in client_plans("j", job, names, me, TargetState(there or {}))
    ]


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 4))
def test_core_subscribers__of_many_subjects__have_each_subject_once(
    count: int, clients: int, workers: int
) -> None:
    core = {"operation": "Subscribe", "subject": "s", "subjectCount": count}
    workload = {"name": "w", "clients": clients, "durationSeconds": 1, "core": core}
    job = parse_spec({"workloads": [workload]})
    names = [f"w{n}" for n in range(workers)]
    cores = [plan.core for me in names for plan in client_plans("j", job, names, me)]
    assert len(cores) == clients * workers
    own = Counter(
        number
        for core in cores
        if core is not None
        for number in range(core.first_subject, count, core.subject_step)
    )
    each, more = divmod(max(count, len(cores)), count)
    assert own == Counter({number: each + (number < more) for number in range(count)})


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_clients_of_a_job__have_a_place_each(clients: int, workers: int, streams: int) -> None:
    workload = {"stream": "S", "clients": clients, "durationSeconds": 1}
    document = {
        "streams": [{"name": "S", "count": streams}],
        "workloads": [
            {"name": "a", **workload, "publish": {}},
            {"name": "b", **workload, "consume": {}},
            {"name": "c", "durationSeconds": 1, "core": {"operation": "Subscribe", "subject": "s"}},
        ],
    }
    places = sorted(plan.place for plan in all_clients(document, workers))
    assert places == [*range(workers * (2 * clients * streams + 1))]
