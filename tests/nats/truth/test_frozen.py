"""A server that is frozen while its kernel goes on: noticed by PING, an outage, and outlived."""

import time

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.load.net.keepalive import SILENT_NS
from njst.local.nats_server import NatsServer
from njst.stats.tally_merge import totals
from tests.nats.truth.loading import Document, Load, loading
from tests.stopping import stopped

SILENT_US = SILENT_NS // 1000
# A busy host looks late; docs/outages.md says within 7 s.
NOTICED_US = 7_000_000
SECONDS = 60


def job(stream: str, **workloads: Document) -> Document:
    length = {"stream": stream, "durationSeconds": SECONDS}
    return {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [{"name": name, **length, **how} for name, how in workloads.items()],
    }


def events(result: WorkloadResult) -> dict[ErrorClass, int]:
    return {event.error_class: event.count for event in result.events}


def breaks(load: Load) -> int:
    """How many connections of the load were given up by now."""
    return sum(
        event.count
        for tally in load.group.tallies()
        for event in tally.events
        if event.error_class is ErrorClass.DISCONNECTED
    )


async def test_every_client_of_a_frozen_server_breaks_and_comes_back(
    server: NatsServer, stream: str
) -> None:
    """Also those that only listen, and the one that waits for a single answer."""
    publish = {"payloadBytes": 64, "ackTimeoutSeconds": 60}
    document = job(
        stream,
        closed={"publish": {**publish, "mode": "Synchronous"}},
        open={"messagesPerSecond": 200, "publish": {**publish, "window": 100_000}},
        read={"consume": {"idleTimeoutSeconds": 60}},
    )
    names = [workload["name"] for workload in document["workloads"]]
    async with loading(server, document) as load:
        load.start()
        await load.until(lambda: all(load.done(name) > 0 for name in names))
        begin_ns = time.monotonic_ns()
        with stopped(server.pid):
            await load.until(lambda: breaks(load) == len(names))
            noticed_us = (time.monotonic_ns() - begin_ns) // 1000
        await load.until(lambda: sum(t.reconnects for t in load.group.tallies()) == len(names))
        away_us = (time.monotonic_ns() - begin_ns) // 1000
        before = {name: load.done(name) for name in names}
        await load.until(lambda: all(load.done(name) > before[name] for name in names))
        await load.group.stop()
        tallies = load.group.tallies()
    # What the processes say is a second old at most.
    assert SILENT_US - 1_000_000 <= noticed_us <= NOTICED_US + 1_000_000
    for tally in tallies:
        result = totals(tally.workload, "", [tally])
        assert events(result)[ErrorClass.DISCONNECTED] == 1
        assert "answered no PING" in result.events[0].example
        assert result.reconnects == 1
        # From the last that was heard: the first seconds of silence are part of the outage.
        assert SILENT_US <= result.longest_outage_us <= away_us + 100_000


async def test_who_has_nothing_to_hear_for_long_keeps_the_connection(
    server: NatsServer, stream: str
) -> None:
    """An idle consumer, an idle subscriber, one that publishes rarely, and one that flushes."""
    document = {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [
            {
                "name": "idle",
                "stream": stream,
                "durationSeconds": 9,
                "consume": {"idleTimeoutSeconds": 60},
            },
            {
                "name": "rare",
                "durationSeconds": 9,
                "messagesPerSecond": 1,
                "core": {"operation": "Publish", "subject": f"{stream}-rare"},
            },
            {
                "name": "deaf",
                "durationSeconds": 9,
                "core": {"operation": "Subscribe", "subject": f"{stream}-deaf"},
            },
        ],
    }
    async with loading(server, document) as load:
        results = await load.run()
    assert {name: (r.events, r.reconnects) for name, r in results.items()} == {
        name: ([], 0) for name in ("idle", "rare", "deaf")
    }
    assert results["rare"].messages == 9
