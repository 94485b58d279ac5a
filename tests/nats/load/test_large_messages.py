"""Messages of 8 MB on a server that cuts off who takes more than 24 MB at a time."""

import pytest

from njst.local.nats_server import NatsServer
from tests.nats.modes.running import Runner, errors

MESSAGES = 40


@pytest.mark.parametrize("mode", ["Pull", "Fetch", "Ordered"])
async def test_default_pulls__of_large_messages__are_not_cut_off(mode: str) -> None:
    publish = {"payloadBytes": 8_000_000, "window": 2, "ackTimeoutSeconds": 60}
    common = {"stream": "S", "messages": MESSAGES}
    job = {
        "streams": [{"name": "S", "storage": "Memory"}],
        "workloads": [
            {"name": "write", **common, "publish": publish},
            {
                "name": "read",
                **common,
                "after": ["write"],
                "consume": {"mode": mode, "idleTimeoutSeconds": 60},
            },
        ],
    }
    with NatsServer.start(config="max_payload: 8MB\nmax_pending: 24MB") as server:
        done = await Runner(server.url).run(job)
    assert (done["read"].messages, errors(done["read"])) == (MESSAGES, {})
    assert done["read"].reconnects == 0
