"""A server that is away for a part of the load: timed, outlived, and everything accounted for."""

import asyncio
import time

from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Document, Load, errors, loading

RATE = 200
SECONDS = 10
# How long the server is away: more than one attempt to reconnect, less than the load.
AWAY_S = 4.0


def job(seconds: int, **how: object) -> Document:
    """An offered rate, and a window that holds back nothing of it."""
    write = {
        "name": "write",
        "stream": "S",
        "durationSeconds": seconds,
        "messagesPerSecond": RATE,
        "publish": {"payloadBytes": 64, "window": 100_000, "ackTimeoutSeconds": 60},
        **how,
    }
    return {"streams": [{"name": "S", "storage": "File"}], "workloads": [write]}


def breaks(load: Load) -> int:
    """How many connections of the load were given up by now."""
    return sum(event.count for tally in load.group.tallies() for event in tally.events)


async def test_load_goes_on_after_an_outage_and_every_due_message_has_an_outcome(
    nats_server: NatsServer,
) -> None:
    async with loading(nats_server, job(SECONDS)) as load:
        load.start()
        await load.until(lambda: load.done("write") > 0)
        begin_s = time.monotonic()
        nats_server.kill()
        await load.until(lambda: breaks(load) > 0)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(nats_server.restart)
        away_s = time.monotonic() - begin_s
        result = (await load.end())["write"]
    assert result.attempted == RATE * SECONDS
    failed = errors(result)
    assert result.messages + sum(failed.values()) == result.attempted
    assert failed.keys() <= {ErrorClass.DISCONNECTED, ErrorClass.NO_RESPONDERS}
    assert result.reconnects == 1
    # The next attempt comes a second after the one before at the latest.
    assert AWAY_S * 1e6 <= result.disconnected_us <= (away_s + 1.5) * 1e6
    found = {event.error_class: event.count for event in result.events}
    assert found[ErrorClass.DISCONNECTED] == 1
    assert found[ErrorClass.CONNECT_FAILED] >= AWAY_S, "refused dials are in the report"


async def test_at_the_end_of_its_time_a_load_without_a_server_ends(
    nats_server: NatsServer,
) -> None:
    async with loading(nats_server, job(4)) as load:
        begin_s = time.monotonic()
        load.start()
        await load.until(lambda: load.done("write") > 0)
        nats_server.kill()
        await load.group.wait()
        took_s = time.monotonic() - begin_s
        await asyncio.to_thread(nats_server.restart)
        (tally,) = load.group.tallies()
    assert 4.0 <= took_s < 6.0, "its own duration, and the end of a process"
    given_up = [e for e in tally.errors if e.error_class is ErrorClass.CONNECT_FAILED]
    assert [("without a connection at its end" in e.example) for e in given_up] == [True]
    assert tally.disconnected_us > 1_000_000
