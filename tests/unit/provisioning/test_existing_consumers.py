"""What keeps a job from loading a consumer that is there already, and what it takes from it."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.spec.job import JobSpec
from njst.planning.adjustments import Adjustments
from njst.planning.client_plans import client_plans
from njst.provisioning.consumer_limits import ConsumerOwner
from njst.provisioning.existing_consumers import apply_config, incompatibilities

S = 1_000_000_000
Document = dict[str, Any]


def info(**config: Any) -> Document:
    """The answer to CONSUMER.INFO about a consumer as `nats consumer add` makes it."""
    usual = {
        "durable_name": "worker",
        "ack_policy": "explicit",
        "ack_wait": 30 * S,
        "max_deliver": -1,
        "max_ack_pending": 1000,
        "max_waiting": 512,
        "filter_subject": "orders.>",
    }
    return {"config": usual | config}


def spec_of(*, clients: int = 1, delayed: bool = False, **consume: Any) -> JobSpec:
    workload = {"name": "r", "stream": "ORDERS", "clients": clients, "durationSeconds": 5}
    workloads: list[Document] = [
        {**workload, "consume": {"existingConsumer": "worker", **consume}},
    ]
    if delayed:
        publish = {"subjects": ["orders.x"], "delaySeconds": 5}
        workloads.append({"name": "w", "stream": "ORDERS", "messages": 1, "publish": publish})
    return parse_spec(
        {"streams": [{"name": "ORDERS", "useExisting": True}], "workloads": workloads}
    )


def found(answer: Document, participants: int = 1, **how: Any) -> list[str]:
    spec = spec_of(**how)
    return incompatibilities(answer, spec, spec.workloads[0], participants)


OVERFLOW = {"policy": "Overflow", "minPending": 10}


@pytest.mark.parametrize(
    ("config", "how"),
    [
        ({}, {}),
        ({}, {"ack": "Double", "nakPercent": 10}),
        ({"ack_policy": "none"}, {"ack": "None"}),
        ({"max_batch": 500, "max_expires": 5 * S, "max_bytes": 9}, {"maxBytes": 9}),
        ({"max_batch": 9, "max_expires": 2 * S}, {}),
        ({"max_waiting": 12}, {"clients": 6}),
        ({"max_waiting": 6}, {"clients": 6, "mode": "Fetch"}),
        ({"ack_wait": 4 * S}, {"ackWaitSeconds": 4, "ignorePercent": 5}),
        ({"backoff": [S, 60 * S]}, {"ignorePercent": 5}),
        ({"max_ack_pending": 7}, {"maxAckPending": 7}),
        ({"max_deliver": 1}, {"terminatePercent": 5}),
        ({"priority_policy": "none"}, {}),
        ({"priority_policy": "overflow", "priority_groups": ["g"]}, {"priority": OVERFLOW}),
        ({"filter_subject": "", "filter_subjects": ["orders.a", "orders.b"]}, {"delayed": True}),
    ],
    ids=str,
)
def test_a_consumer_that_does_what_the_workload_says_is_loaded(
    config: Document, how: Document
) -> None:
    assert found(info(**config), **how) == []


@pytest.mark.parametrize(
    ("config", "how", "words"),
    [
        ({"deliver_subject": "push.here"}, {}, "it pushes to 'push.here'"),
        ({"ack_policy": "all"}, {}, "its ack policy is all, which clients that share"),
        ({"ack_policy": "none"}, {}, "its ack policy is none: ack must be None"),
        ({}, {"ack": "None"}, "its ack policy is explicit: ack must be Explicit or Double"),
        ({"max_deliver": 1}, {"nakPercent": 5}, "delivers a message once (max_deliver 1)"),
        ({"ack_wait": 10 * S}, {"ignorePercent": 5}, "an ignored message after 10 s"),
        ({"max_batch": 498}, {"batch": 499}, "at most 498 messages (max_batch)"),
        ({"max_expires": 4_500_000_000}, {"expiresSeconds": 6}, "at most 4.5 s (max_expires)"),
        ({"max_expires": 4_500_000_000}, {"heartbeatSeconds": 1}, "at most 4.5 s (max_expires)"),
        ({"max_bytes": 8}, {"maxBytes": 9}, "at most 8 bytes (max_bytes)"),
        ({"headers_only": True}, {}, "it delivers headers alone: verify must be false"),
        ({"max_waiting": 11}, {"clients": 6}, "it allows 11 waiting pulls (max_waiting)"),
        ({}, {"ackWaitSeconds": 4}, "an ack wait of 30 s: leave out ackWaitSeconds"),
        ({}, {"maxAckPending": 7}, "it allows 1000 unacknowledged messages"),
        ({}, {"priority": OVERFLOW}, "it has no priorities: leave out priority"),
        ({"priority_policy": "overflow"}, {}, "priority.policy must be Overflow"),
        ({"filter_subject": ""}, {"delayed": True}, "it has no filter"),
    ],
    ids=str,
)
def test_one_that_does_not_is_refused_in_words(config: Document, how: Document, words: str) -> None:
    (said,) = found(info(**config), **how)
    assert words in said


def test_pulls_of_all_workers_count() -> None:
    assert found(info(max_waiting=6), participants=3) == []
    (said,) = found(info(max_waiting=6), participants=4)
    assert "the clients would have 8" in said


def test_a_paused_consumer_delivers_nothing() -> None:
    answer = info(pause_until="2030-01-01T00:00:00Z") | {"paused": True}
    assert found(answer) == ["it is paused until 2030-01-01T00:00:00Z"]


def test_everything_that_does_not_fit_is_said_at_once() -> None:
    assert len(found(info(ack_policy="none", max_batch=1, max_waiting=1), batch=2)) == 3


def test_clients_take_waits_and_group_from_the_consumer() -> None:
    spec = spec_of(priority=OVERFLOW)
    (client,) = client_plans("j", spec, ["w"], "w")
    assert client.consume is not None
    assert client.consume.consumer == "worker"
    answer = info(ack_wait=7 * S, priority_policy="overflow", priority_groups=["theirs"])
    owner = ConsumerOwner(0, spec.workloads[0], Adjustments())
    own = apply_config(client.consume, owner, answer)
    assert own.ack_wait_ms == 7_000
    assert own.priority is not None
    assert own.priority.group == "theirs"
    assert (
        apply_config(
            client.consume, owner, info(backoff=[2 * S, 3 * S], priority_groups=["g"])
        ).ack_wait_ms
        == 2_000
    )


def test_defaults_above_what_the_consumer_allows_are_lowered_and_noted() -> None:
    spec, noted = spec_of(), Adjustments()
    (client,) = client_plans("j", spec, ["w"], "w")
    assert client.consume is not None
    owner = ConsumerOwner(0, spec.workloads[0], noted)
    lowered = apply_config(client.consume, owner, info(max_batch=9, max_expires=4_500_000_000))
    assert (lowered.batch, lowered.expires_ms) == (9, 4_500)
    assert {(a.workload, a.field): a.value for a in noted.all()} == {
        ("r", "consume.batch"): "9",
        ("r", "consume.expiresSeconds"): "4.5",
    }
