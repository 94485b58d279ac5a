"""Consumers in JetStream's own terms, who stands by, and which release each thing needs."""

from typing import Any

import pytest

from njst.contract.kinds.consume import ConsumePlan
from njst.contract.parsing.document import parse_spec
from njst.contract.spec.job import JobSpec
from njst.planning.client_plans import client_plans
from njst.provisioning.consumers import OwnConsumer, consumer_config


def spec(clients: int = 1, count: int = 1, **consume: Any) -> JobSpec:
    workload = {"name": "r", "stream": "S", "clients": clients, "durationSeconds": 5}
    return parse_spec(
        {
            "streams": [{"name": "S", "count": count}],
            "workloads": [{**workload, "consume": consume}],
        }
    )


def config(own: OwnConsumer | None = None, **consume: Any) -> dict[str, Any]:
    return consumer_config("j", spec(**consume).workloads[0], 3, own).as_dict()


def plans(job: JobSpec, workers: int = 2) -> list[ConsumePlan]:
    names = [f"w{n}" for n in range(workers)]
    found = [plan.consume for me in names for plan in client_plans("j", job, names, me)]
    return [consume for consume in found if consume is not None]


@pytest.mark.parametrize(
    ("priority", "said"),
    [
        ({"policy": "Overflow", "minPending": 7}, {"priority_policy": "overflow"}),
        ({"policy": "Prioritized"}, {"priority_policy": "prioritized"}),
        (
            {"policy": "PinnedClient", "pinnedTimeoutSeconds": 3},
            {"priority_policy": "pinned_client", "priority_timeout": 3_000_000_000},
        ),
    ],
    ids=str,
)
def test_a_priority_is_in_the_consumer(priority: dict[str, Any], said: dict[str, Any]) -> None:
    made = {name: value for name, value in config(priority=priority).items() if "prio" in name}
    assert made == {"priority_groups": ["njst"], **said}
    assert not [name for name in config() if "prio" in name]


def test_a_backoff_stands_in_for_the_ack_wait() -> None:
    made = config(backoffSeconds=[2, 9], maxDeliver=4)
    assert made["backoff"] == [2_000_000_000, 9_000_000_000]
    assert (made["ack_wait"], made["max_deliver"]) == (2_000_000_000, 4)


def test_one_filter_is_said_as_servers_of_any_age_know_it() -> None:
    assert config(filterSubjects=["a.{index}"])["filter_subject"] == "a.3"
    made = config(filterSubjects=["a.{index}", "b.>"])
    assert made["filter_subjects"] == ["a.3", "b.>"]
    assert "filter_subject" not in made


def test_a_shared_push_consumer_has_a_group_and_no_flow_control() -> None:
    made = config(mode="Push", consumers="Shared")
    assert made["deliver_group"] == "njst"
    assert "flow_control" not in made
    own = config(OwnConsumer("c", "d.x"), mode="Push")
    assert (own["deliver_subject"], own["flow_control"]) == ("d.x", True)
    assert "deliver_group" not in own


def test_what_a_shared_push_consumer_delivers_is_where_its_clients_listen() -> None:
    job = spec(clients=2, count=2, mode="Push", consumers="Shared")
    delivered = [
        consumer_config("j", job.workloads[0], index).deliver_subject for index in range(2)
    ]
    found = plans(job)
    assert [plan.deliver for plan in found] == [
        d for _ in range(2) for d in delivered for _ in "ab"
    ]
    assert {plan.deliver_group for plan in found} == {"njst"}
    assert len({plan.consumer for plan in found}) == 1


def test_pulling_clients_have_consumers_of_their_own_if_they_shall() -> None:
    assert len({plan.consumer for plan in plans(spec(clients=3, consumers="Own"))}) == 6
    assert len({plan.consumer for plan in plans(spec(clients=3))}) == 1
    assert {plan.deliver for plan in plans(spec(clients=3, consumers="Own"))} == {""}


@pytest.mark.parametrize(("share", "standby"), [(0, 0), (25, 2), (50, 4), (100, 8)])
def test_so_many_clients_stand_by_as_is_said(share: int, standby: int) -> None:
    for policy, field in (("Overflow", "min_pending"), ("Prioritized", "level")):
        priority = {"policy": policy, "standbyPercent": share}
        if policy == "Overflow":
            priority["minPending"] = 1
        found = [plan.priority for plan in plans(spec(clients=4, priority=priority))]
        assert [getattr(one, field) for one in found].count(1) == standby
    pinned = plans(spec(clients=4, priority={"policy": "PinnedClient", "standbyPercent": share}))
    assert {plan.priority.level for plan in pinned if plan.priority} == {0}
