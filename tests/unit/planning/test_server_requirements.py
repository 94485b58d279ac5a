"""What each workload needs of a server, and which of a job's are left out on an old one."""

from typing import Any

import pytest

from njst.contract.kinds.kind import ServerRelease
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import TargetState
from njst.planning.server_requirements import (
    TargetServer,
    check_release,
    requirements,
    unsupported,
)
from njst.provisioning.streams import stream_config

V211, V212, V214 = ServerRelease(1, "2.11"), ServerRelease(2, "2.12"), ServerRelease(4, "2.14")


def job(**kinds: Any) -> JobSpec:
    """A job of workloads named like their kinds, those with a number after it too."""
    lengths: dict[str, Any] = {"stream": "S", "durationSeconds": 9}
    workloads = [
        {"name": name, kind.rstrip("0123456789"): value, **lengths}
        for name, (kind, value) in ((kind.lower(), (kind, value)) for kind, value in kinds.items())
    ]
    return parse_spec({"streams": [{"name": "S"}], "workloads": workloads})


@pytest.mark.parametrize(
    ("kind", "value", "what"),
    [
        ("publish", {}, []),
        ("consume", {}, []),
        ("get", {"mode": "Sequence"}, []),
        ("publish", {"mode": "AtomicBatch"}, [("publish.mode AtomicBatch", V212)]),
        ("publish", {"mode": "FastBatch"}, [("publish.mode FastBatch", V214)]),
        ("publish", {"ttlSeconds": 5}, [("publish.ttlSeconds", V211)]),
        ("publish", {"increment": 1}, [("publish.increment", V212)]),
        ("publish", {"delaySeconds": 1}, [("publish.delaySeconds", V212)]),
        ("get", {"mode": "Batch"}, [("get.mode Batch", V211)]),
        (
            "publish",
            {"mode": "FastBatch", "ttlSeconds": 5},
            [("publish.mode FastBatch", V214), ("publish.ttlSeconds", V211)],
        ),
        (
            "consume",
            {"priority": {"policy": "Overflow", "minAckPending": 1}},
            [("consume.priority.policy Overflow", V211)],
        ),
        (
            "consume",
            {"priority": {"policy": "PinnedClient"}},
            [("consume.priority.policy PinnedClient", V211)],
        ),
        (
            "consume",
            {"priority": {"policy": "Prioritized"}},
            [("consume.priority.policy Prioritized", V212)],
        ),
    ],
)
def test_each_demanding_field_names_the_release_that_has_it(
    kind: str, value: dict[str, Any], what: list[tuple[str, ServerRelease]]
) -> None:
    spec = job(**{kind: value})
    assert requirements(spec, spec.workloads[0]) == what


def test_stream__that_needs_a_release__needs_it_for_its_workloads() -> None:
    document = {
        "streams": [{"name": "S", "persistMode": "Async"}, {"name": "T"}],
        "workloads": [
            {"name": "s", "stream": "S", "messages": 9, "publish": {}},
            {"name": "t", "stream": "T", "messages": 9, "publish": {}},
        ],
    }
    old = unsupported(parse_spec(document), TargetServer("2.11.4", 1))
    assert old.keys() == {"s"}
    assert old["s"].startswith("streams.persistMode Async needs nats-server 2.12")


MIXED = job(
    publish={"mode": "FastBatch", "ttlSeconds": 5},
    publish1={"mode": "AtomicBatch"},
    publish2={},
    get={"mode": "Batch"},
)


@pytest.mark.parametrize(
    ("level", "left_out"),
    [
        (0, {"publish", "publish1", "get"}),
        (1, {"publish", "publish1"}),
        (2, {"publish"}),
        (3, {"publish"}),
        (4, set()),
        (9, set()),
    ],
)
def test_what_the_server_is_too_old_for_is_left_out_and_nothing_else(
    level: int, left_out: set[str]
) -> None:
    assert set(unsupported(MIXED, TargetServer("2.x", level))) == left_out


def test_the_reason_names_the_highest_need_and_what_the_target_is() -> None:
    assert unsupported(MIXED, TargetServer("2.11.4", 1))["publish"] == (
        "publish.mode FastBatch needs nats-server 2.14 (API level 4);"
        " the target is nats-server 2.11.4 (API level 1)"
    )


def test_skipped_workload__on_each_worker__is_one_client_with_the_reason() -> None:
    skipped = unsupported(MIXED, TargetServer("2.11.4", 1))
    for me in ("a", "b"):
        plans = client_plans("j", MIXED, ["a", "b"], me, TargetState(skipped=skipped))
        by_name = {plan.workload: plan for plan in plans}
        assert [plan.workload for plan in plans] == ["publish", "publish1", "publish2", "get"]
        assert by_name["publish"].skipped == skipped["publish"]
        assert by_name["publish"].publish is None
        assert by_name["publish2"].skipped == ""
    assert [w.name for w in MIXED.without(skipped).workloads] == ["publish2", "get"]


def test_a_stream_is_asked_only_for_what_its_workloads_need() -> None:
    """A server of 2.12 refuses a configuration with a name that it does not know, even if false."""
    newer = {"allow_atomic", "allow_batched", "allow_msg_ttl", "allow_msg_counter"}
    plain = job(publish={}, consume={})
    asked = stream_config("j", plain, plain.streams[0], 0).as_dict()
    assert not newer & asked.keys()
    asked = stream_config("j", MIXED, MIXED.streams[0], 0).as_dict()
    assert newer & asked.keys() == newer - {"allow_msg_counter"}
    possible = MIXED.without(unsupported(MIXED, TargetServer("2.11.4", 1)))
    asked = stream_config("j", possible, MIXED.streams[0], 0).as_dict()
    assert not newer & asked.keys()


@pytest.mark.parametrize(("major", "minor"), [(1, 4), (2, 0), (2, 9)])
def test_release__that_keeps_no_metadata__is_refused(major: int, minor: int) -> None:
    words = f"spec.target: the target is nats-server {major}.{minor}; .*2.10 or newer"
    with pytest.raises(SetupError, match=words) as refused:
        check_release(job(publish={}), major, minor)
    assert refused.value.reason == "TargetTooOld"


def test_release__of_today__is_taken() -> None:
    for release in [(2, 10), (2, 15), (3, 0)]:
        check_release(job(publish={}), *release)


def test_release__for_core_nats_only__does_not_matter() -> None:
    core = {"name": "w", "messages": 1, "core": {"operation": "Publish", "subject": "a"}}
    check_release(parse_spec({"workloads": [core]}), 2, 0)
