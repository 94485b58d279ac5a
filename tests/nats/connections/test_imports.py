"""JetStream of another account, through exports and imports: all numbers, or a refusal."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.local.nats_server import NatsServer
from tests.nats.connections.running import MESSAGES, run

# What account B may use of A's JetStream, and under which name.
SERVICES = {"$JS.API.>": "JSA.API.>", "$JS.ACK.>": "", "$JS.FC.>": "", "orders.>": ""}
DELIVERED = "_INBOX.njst.>"


def accounts(*, delivered: bool) -> str:
    """Return two accounts; with `delivered`, B also imports what push consumers deliver."""
    exports = [f'{{service: "{subject}", response: stream}}' for subject in SERVICES]
    imports = [
        f'{{service: {{account: A, subject: "{subject}"}}{to and f", to: {chr(34)}{to}{chr(34)}"}}}'
        for subject, to in SERVICES.items()
    ]
    if delivered:
        exports.append(f'{{stream: "{DELIVERED}"}}')
        imports.append(f'{{stream: {{account: A, subject: "{DELIVERED}"}}}}')
    return f"""accounts {{
      A {{ jetstream: enabled, users [{{user: a, password: p}}], exports [{", ".join(exports)}] }}
      B {{ users [{{user: b, password: p}}], imports [{", ".join(imports)}] }}
    }}"""


async def stream(server: NatsServer) -> Connection:
    """Create ORDERS in account A; return the connection of account B."""
    client = Client()
    await client.connect(server.url, user="a", password="p")
    try:
        await client.jetstream().add_stream(name="ORDERS", subjects=["orders.>"])
    finally:
        await client.close()
    return Connection(servers=[server.url], user="b", password="p", api_prefix="JSA.API")


def reading(**consume: Any) -> dict[str, Any]:
    common = {"stream": "ORDERS", "messages": MESSAGES}
    publish = {"subjects": ["orders.new"], "payloadBytes": 64}
    return {
        "streams": [{"name": "ORDERS", "useExisting": True}],
        "workloads": [
            {"name": "write", **common, "publish": publish},
            {"name": "read", **common, "consume": {"idleTimeoutSeconds": 60, **consume}},
        ],
    }


async def test_push__whose_deliver_subject_is_not_imported__is_refused() -> None:
    with NatsServer.start(config=accounts(delivered=False)) as server:
        connection = await stream(server)
        done = await run(connection, reading())
        assert (done["read"].messages, done["read"].errors) == (MESSAGES, [])
        with pytest.raises(SetupError) as refused:
            async with asyncio.timeout(60):
                await run(connection, reading(mode="Push"))
    assert refused.value.reason == "DeliverSubjectUnreachable"
    assert refused.value.message.startswith("spec.workloads[1] (read).consume.mode: ")
    assert "_INBOX.njst." in refused.value.message


@pytest.mark.parametrize("consume", [{"mode": "Push"}, {"mode": "Ordered"}])
async def test_consumer__through_imports__gets_each_message(consume: dict[str, Any]) -> None:
    with NatsServer.start(config=accounts(delivered=True)) as server:
        connection = await stream(server)
        done = await run(connection, reading(**consume))
        names: list[str] = []
        client = Client()
        await client.connect(server.url, user="a", password="p")
        names += [c.name for c in await client.jetstream().consumers_info("ORDERS")]
        await client.close()
    assert (done["read"].messages, done["read"].errors) == (MESSAGES, [])
    assert names == []
