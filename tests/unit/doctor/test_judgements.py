"""What the checks of `njst doctor` make of what they read; pure."""

from typing import Any

import pytest

from njst.doctor.check_control import judge_account, judge_log, probed
from njst.doctor.check_host import judge_cores, judge_files
from njst.doctor.check_mesh import judge_members
from njst.doctor.check_targets import named_servers
from njst.doctor.finding import Level
from njst.testing.fake_members import member

LOG: dict[str, Any] = {
    "config": {"name": "NJST_m_LOG", "num_replicas": 3, "max_bytes": 1000},
    "state": {"bytes": 10, "messages": 4},
    "cluster": {"name": "c", "leader": "n1"},
}


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, Level.OK, "3 replicas and 4 events"),
        ({"cluster": {"name": "c"}}, Level.FAILED, "has no leader"),
        ({"state": {"bytes": 800, "messages": 4}}, Level.WARNING, "is 80 % full"),
        ({"config": {**LOG["config"], "num_replicas": 1}}, Level.WARNING, "1 of 3"),
        # A single server has no leader and no more replicas.
        ({"config": {**LOG["config"], "num_replicas": 1}, "cluster": {}}, Level.OK, "1 replicas"),
    ],
)
def test_log__state__is_judged(changes: dict[str, Any], level: Level, words: str) -> None:
    finding = judge_log(LOG | changes)
    assert finding.level is level
    assert words in finding.message
    assert bool(finding.advice) is (level is not Level.OK)


def test_account__nearly_full__names_kind_and_tier() -> None:
    room = {"limits": {"max_storage": 100, "max_memory": -1}, "storage": 10, "memory": 99}
    crowded = {"limits": {"max_storage": 100}, "storage": 10, "reserved_storage": 85}
    assert judge_account(room) == []
    assert [f.message for f in judge_account({"tiers": {"R1": room, "R3": crowded}})] == [
        "85 % of the file storage of tier R3 is used or reserved"
    ]


@pytest.mark.parametrize(
    ("cores", "limit", "level"),
    [(4, None, Level.OK), (1, None, Level.WARNING), (2, 1_500, Level.WARNING)],
)
def test_host__cores__are_judged(cores: int, limit: int | None, level: Level) -> None:
    assert judge_cores(cores, limit).level is level


def test_host__open_files__name_how_many_clients_fit() -> None:
    assert judge_files(1_048_576).level is Level.OK
    assert (
        judge_files(1_024).message == "a process may have 1024 open files, so at most 832 clients"
    )


def test_mesh__nobody__is_a_warning() -> None:
    (finding,) = judge_members([])
    assert (finding.level, finding.message) == (Level.WARNING, "no worker is connected")


def test_mesh__workers_that_differ__are_named() -> None:
    found = judge_members(
        [
            member("a"),
            member("b", version="2", clock_error_us=80_000),
            member("c", load_millicores=3_000),
            member("d", load_millicores=3_000, job="j"),
        ]
    )
    assert [finding.message for finding in found] == [
        "4 workers connected",
        "workers have different versions: 1, 2",
        "b knows the log's time to 80 ms",
        "the host of c has a load of 3.0 on 2 cores, though the worker has no job",
    ]


def test_targets__patterns__are_not_tried() -> None:
    assert named_servers(["a:4222", "*.b:4222", "c:*"]) == ["a:4222"]


def test_probe__of_a_pattern__is_a_subject() -> None:
    assert probed("$JS.API.CONSUMER.DELETE.S.>") == "$JS.API.CONSUMER.DELETE.S.probe"
