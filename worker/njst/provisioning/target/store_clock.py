"""The clock of the server that leads a stream, against this host's CLOCK_MONOTONIC."""

import json
import time

import nats.errors
from nats.aio.client import Client

from njst.contract.kinds.consume import ClockPlan
from njst.contract.plan import ClientPlan
from njst.login.nats_client import LoginClient
from njst.stats.clock_offset import OffsetFilter, parse_time_ns

ROUND_TRIPS = 5
_TIMEOUT_S = 2.0


async def store_clock(client: Client, api: str, stream: str) -> ClockPlan | None:
    """Return the clock's offset from the best of a few round trips; None: no server answered.

    The times of a mirror's messages are those of its origin: then it is that stream's clock.
    """
    known = OffsetFilter()
    for _ in range(ROUND_TRIPS):
        sent_ns = time.monotonic_ns()
        try:
            answer = await client.request(f"{api}.STREAM.INFO.{stream}", timeout=_TIMEOUT_S)
            received_ns = time.monotonic_ns()
            info = json.loads(answer.data)
            if (origin := info["config"].get("mirror")) is not None:
                origin_api = (origin.get("external") or {}).get("api", api)
                return await store_clock(client, origin_api, origin["name"])
            server_ns = parse_time_ns(info["ts"])
        except (nats.errors.Error, TimeoutError, ValueError, KeyError):
            return None
        known.add(sent_ns, server_ns, received_ns)
    best = known.best(time.monotonic_ns())
    if best is None:
        return None
    return ClockPlan(offset_ns=best.offset_ns, error_ns=best.error_ns, at_ns=best.at_ns)


async def with_store_clocks(
    client: LoginClient, api: str, plans: list[ClientPlan]
) -> list[ClientPlan]:
    """Return the plans; those of verifying consumers have the clock of their stream's leader."""
    clocks: dict[str, ClockPlan | None] = {}
    made = []
    for plan in plans:
        consume = plan.consume
        if consume is not None and consume.verify:
            if consume.stream not in clocks:
                clocks[consume.stream] = await store_clock(client, api, consume.stream)
            known = consume.model_copy(update={"store_clock": clocks[consume.stream]})
            made.append(plan.model_copy(update={"consume": known}))
        else:
            made.append(plan)
    return made
