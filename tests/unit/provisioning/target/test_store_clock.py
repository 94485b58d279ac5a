"""The clock of a stream is that of the stream whose times its messages have."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from njst.provisioning.target.store_clock import store_clock

API = "$JS.API.STREAM.INFO"
TS = "2026-01-02T03:04:05.123456789Z"


@dataclass
class FakeClient:
    """Answers what `configs` has the streams' configurations of, by the subject of the request."""

    configs: dict[str, dict[str, Any]]
    asked: list[str] = field(default_factory=list)

    async def request(self, subject: str, **_: float) -> Msg:
        self.asked.append(subject)
        if subject not in self.configs:
            raise NoRespondersError
        data = json.dumps({"config": self.configs[subject], "ts": TS}).encode()
        return Msg(_client=cast("Client", self), subject="", data=data)


MIRROR = {"mirror": {"name": "RAW"}}
FAR = {"mirror": {"name": "RAW", "external": {"api": "$JS.hub.API"}}}


@pytest.mark.parametrize(
    ("configs", "last"),
    [
        ({f"{API}.S": {}}, f"{API}.S"),
        ({f"{API}.S": MIRROR, f"{API}.RAW": {}}, f"{API}.RAW"),
        ({f"{API}.S": FAR, "$JS.hub.API.STREAM.INFO.RAW": {}}, "$JS.hub.API.STREAM.INFO.RAW"),
        # The copies of a stream with sources have the times of the copying.
        ({f"{API}.S": {"sources": [{"name": "RAW"}]}}, f"{API}.S"),
    ],
    ids=["plain", "mirror", "mirror of another domain", "sources"],
)
async def test_store_clock__is_that_of_the_origin_of_a_mirror(
    configs: dict[str, dict[str, Any]], last: str
) -> None:
    client = FakeClient(configs)
    assert await store_clock(cast("Client", client), "$JS.API", "S") is not None
    assert client.asked[-1] == last
    assert len(set(client.asked)) == len(configs)


async def test_store_clock__of_a_mirror_whose_origin_does_not_answer__is_unknown() -> None:
    client = FakeClient({f"{API}.S": MIRROR})
    assert await store_clock(cast("Client", client), "$JS.API", "S") is None
