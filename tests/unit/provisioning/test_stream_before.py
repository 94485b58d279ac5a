"""Where looking for what was acknowledged proves something, and what is in its way elsewhere."""

import json
from copy import deepcopy
from typing import Any

import pytest
from nats.js.api import StreamInfo

from njst.contract.parsing.document import parse_spec
from njst.contract.spec.job import JobSpec
from njst.contract.stream_bounds import StreamBefore, StreamLimits
from njst.load.readback.stream_state import stream_state
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState
from njst.planning.kinds.publish import unverifiable_reason
from njst.provisioning.streams import (
    stream_before,
    stream_config,
)


def spec_of(how: dict[str, Any] | None = None, **stream: Any) -> JobSpec:
    work = {"name": "w", "stream": "S", "messages": 10, "publish": how or {}}
    return parse_spec({"streams": [{"name": "S", **stream}], "workloads": [work]})


@pytest.mark.parametrize(
    ("stream", "limits"),
    [
        ({}, {}),
        ({"retention": "WorkQueue"}, {"retention": "workqueue"}),
        ({"retention": "Interest"}, {"retention": "interest"}),
        ({"maxAgeSeconds": 60}, {"max_age": 60_000_000_000}),
        ({"maxMessages": 5, "discard": "New"}, {"max_msgs": 5, "discard": "new"}),
        ({"maxBytes": 5, "maxMessagesPerSubject": 2}, {"max_bytes": 5, "max_msgs_per_subject": 2}),
    ],
    ids=str,
)
def test_what_a_stream_lets_go_of_is_the_same_before_and_after(
    stream: dict[str, Any], limits: dict[str, Any]
) -> None:
    spec = spec_of(**stream)
    config = stream_config("j", spec, spec.streams[0], 0)
    # Set-up hears of it by nats-py, the reader in JSON.
    said = {
        "config": json.loads(json.dumps(config.as_dict())),
        "state": {"messages": 3, "bytes": 30, "first_seq": 2, "last_seq": 9, "consumer_count": 1},
        "created": "2026-11-29T22:34:43.808032839Z",
    }
    after = stream_state(said)
    before = stream_before(StreamInfo.from_response(deepcopy(said)), "ID")
    assert before.limits == after.limits == StreamLimits(**limits)
    assert before.created_ns == after.created_ns == 1_795_991_683_808_032_000
    assert before.server == "ID"


@pytest.mark.parametrize(
    ("how", "obstacle"),
    [
        ({"payloadBytes": 32}, ""),
        ({"payloadBytes": 31, "payloadBytesMax": 100}, "NoStamp"),
        ({"payloadFile": "a.json"}, "NoStamp"),
        ({"increment": 1}, "NoStamp"),
        ({"delaySeconds": 5}, "Delayed"),
        ({"ttlSeconds": 60}, "MessageHeaders"),
        ({"headers": [{"name": "nats-Rollup", "value": "sub"}]}, "MessageHeaders"),
        ({"headers": [{"name": "Nats-Expected-Stream", "value": "S"}]}, ""),
        ({"messageIds": "Unique"}, ""),
        # Each acknowledgement says whether the message was there already; that of a batch does not.
        ({"messageIds": "Unique", "duplicatePercent": 5}, ""),
        ({"headers": [{"name": "Nats-Msg-Id", "value": "order-4711"}]}, ""),
        (
            {"mode": "AtomicBatch", "headers": [{"name": "nats-msg-id", "value": "order-4711"}]},
            "DuplicateIds",
        ),
    ],
    ids=str,
)
def test_messages_that_do_away_with_others_or_are_not_known_again(
    how: dict[str, Any], obstacle: str
) -> None:
    publish = spec_of(how).workloads[0].publish
    assert publish is not None
    assert unverifiable_reason(publish) == obstacle


def test_each_producer_is_told_where_to_look_and_what_is_in_its_way() -> None:
    before = StreamBefore(server="ID", created_ns=5)
    there = {"S": StreamState(last_sequence=7, before=before)}
    for how, obstacle in (({}, ""), ({"payloadBytes": 8}, "NoStamp")):
        (plan,) = client_plans("j", spec_of(how), ["a"], "a", TargetState(there))
        assert plan.publish is not None
        assert plan.publish.stream == "S"
        assert plan.publish.read_back is not None
        assert plan.publish.read_back.after_sequence == 7
        assert plan.publish.read_back.obstacle == obstacle
        assert plan.publish.read_back.before == before
    (plan,) = client_plans("j", spec_of({"verify": "None"}), ["a"], "a", TargetState(there))
    assert plan.publish is not None
    assert plan.publish.read_back is None
