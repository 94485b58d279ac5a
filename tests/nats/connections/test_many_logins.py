"""Many clients far away: their logins go side by side, and the report says how long they took."""

import asyncio
import time

from njst.contract.connection import Connection
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_server import NatsServer
from njst.stats.tally_merge import totals
from tests.nats.connections.relay import Relay
from tests.nats.connections.running import LIMIT_S, publisher

CLIENTS = 100
DELAY_S = 0.045


async def test_logins_go_side_by_side_and_are_in_the_report(nats_server: NatsServer) -> None:
    clients = [publisher().model_copy(update={"index": n}) for n in range(CLIENTS)]
    with Relay(nats_server.port, DELAY_S) as relay:
        plan = LoadPlan(job="j", connection=Connection(servers=[relay.url]), clients=clients)
        begin_s = time.monotonic()
        group = await LoadGroup.prepare(plan, processes=1, timeout_s=LIMIT_S)
        elapsed_s = time.monotonic() - begin_s
        try:
            group.start(time.monotonic_ns(), 0)
            async with asyncio.timeout(LIMIT_S):
                assert await group.wait() is Outcome.COMPLETED
        finally:
            await group.stop()
    result = totals("write", "", group.tallies())
    took = result.login_microseconds
    assert took is not None
    assert result.logins == CLIENTS
    # The greeting is one way; CONNECT with PING, and PONG, are two.
    assert took.p50 >= 3 * DELAY_S * 1e6
    assert elapsed_s < CLIENTS * took.p50 / 1e6 / 5
