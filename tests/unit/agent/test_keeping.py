"""Where looking for what was acknowledged proves something, and what is in its way elsewhere."""

import json
from typing import Any

import pytest
from nats.js.api import StreamConfig

from njst.agent.assets import stream_config
from njst.agent.keeping import publish_obstacle, stream_obstacle
from njst.agent.share import There, clients_of
from njst.contract.document import parse_spec
from njst.contract.job import JobSpec


def spec_of(how: dict[str, Any] | None = None, **stream: Any) -> JobSpec:
    work = {"name": "w", "stream": "S", "messages": 10, "publish": how or {}}
    return parse_spec({"streams": [{"name": "S", **stream}], "workloads": [work]})


@pytest.mark.parametrize(
    ("stream", "obstacle"),
    [
        ({}, ""),
        ({"replicas": 3, "compression": "S2"}, ""),
        ({"retention": "WorkQueue"}, "Retention"),
        ({"retention": "Interest"}, "Retention"),
        ({"maxAgeSeconds": 60}, "MaxAge"),
        ({"maxMessages": 5}, "DiscardOld"),
        ({"maxBytes": 5}, "DiscardOld"),
        ({"maxMessages": 5, "discard": "New"}, ""),
        ({"maxMessagesPerSubject": 5, "discard": "New"}, "MaxMessagesPerSubject"),
    ],
    ids=str,
)
def test_a_stream_that_lets_go_of_messages(stream: dict[str, Any], obstacle: str) -> None:
    spec = spec_of(**stream)
    config = stream_config("j", spec, spec.streams[0], 0)
    assert stream_obstacle(config) == obstacle
    assert (
        stream_obstacle(StreamConfig.from_response(json.loads(json.dumps(config.as_dict()))))
        == obstacle
    )


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
        ({"messageIds": "Unique", "duplicatePercent": 5}, "DuplicateIds"),
    ],
    ids=str,
)
def test_messages_that_do_away_with_others_or_are_not_known_again(
    how: dict[str, Any], obstacle: str
) -> None:
    publish = spec_of(how).workloads[0].publish
    assert publish is not None
    assert publish_obstacle(publish) == obstacle


def test_each_producer_is_told_where_to_look_and_what_is_in_its_way() -> None:
    there = {"S": There(last_sequence=7, obstacle="MaxAge")}
    for how, obstacle in (({}, "MaxAge"), ({"payloadBytes": 8}, "NoStamp")):
        (plan,) = clients_of("j", spec_of(how), ["a"], "a", there)
        assert plan.publish is not None
        assert plan.publish.read_back is not None
        assert plan.publish.read_back.after_sequence == 7
        assert plan.publish.read_back.obstacle == obstacle
    (plan,) = clients_of("j", spec_of({"verify": "None"}), ["a"], "a", there)
    assert plan.publish is not None
    assert plan.publish.read_back is None
