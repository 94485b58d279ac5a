"""A server that says nothing for 2 s: an offered rate must show every message that it made wait.

A tester that sends the next message only after the last answer shows one slow message; the users of
a service, who do not wait for each other, had rate times stall of them (coordinated omission).
"""

import pytest

from njst.contract.result import Latency, WorkloadResult
from njst.local.natsserver import NatsServer
from njst.measure.histogram import Histogram
from tests.nats.truth.loading import Document, count_above, errors, loading
from tests.nats.truth.proxy import Proxy

STALL_US = 2_000_000
HALF_US = STALL_US // 2
SECONDS = 4
# A busy host adds to a wait, and to how many wait; nothing takes any of it away.
MOST_MORE = 0.25


def job(stream: str, **workloads: Document) -> Document:
    length = {"stream": stream, "durationSeconds": SECONDS}
    return {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [{"name": name, **length, **how} for name, how in workloads.items()],
    }


def offered(rate: int, window: int) -> Document:
    return {"messagesPerSecond": rate, "publish": publish(window=window)}


def publish(**how: object) -> Document:
    return {"payloadBytes": 64, "ackTimeoutSeconds": 10, **how}


async def stalled(server: NatsServer, document: Document) -> dict[str, WorkloadResult]:
    """Return what is measured when everything stands still once, from about the first second on."""
    first = document["workloads"][0]["name"]
    with Proxy(server.port) as proxy:
        async with loading(server, document, via=proxy.url) as load:
            load.start()
            await load.until(lambda: load.done(first) > 0)
            proxy.stall(STALL_US * 1000)
            return await load.end()


def shows(found: float, least: float, short: float = 0.01) -> bool:
    """Whether a figure is what was injected: hardly less, and not much more."""
    return least * (1 - short) <= found <= least * (1 + MOST_MORE)


def is_the_stall(latency: Latency | None) -> bool:
    """Whether the longest wait is the stall; the first message in it is due up to 1/rate later."""
    return latency is not None and shows(latency.max, STALL_US)


@pytest.mark.parametrize("rate", [200, 2000])
async def test_every_message_that_was_due_in_the_stall_shows_it(
    server: NatsServer, stream: str, rate: int
) -> None:
    # The window has room for all of the stall: each message leaves when it is due.
    count = rate * SECONDS
    result = (await stalled(server, job(stream, wide=offered(rate, 5 * rate))))["wide"]
    assert (result.attempted, result.messages, errors(result)) == (count, count, {})
    assert is_the_stall(result.latency_microseconds), result.latency_microseconds
    # Those due in its first half waited for more than the other half.
    wanted = rate * HALF_US / 1_000_000
    assert shows(count_above(result, HALF_US), wanted, 0.05)
    assert result.service_microseconds is not None
    assert result.slip_microseconds is not None
    assert is_the_stall(result.service_microseconds), "NATS was slow"
    assert result.slip_microseconds.max < STALL_US / 4, "and njst was not"


async def test_what_a_full_window_holds_back_is_slip_and_waits_all_the_same(
    server: NatsServer, stream: str
) -> None:
    rate, window = 200, 20
    count = rate * SECONDS
    both = job(
        stream,
        narrow=offered(rate, window),
        closed={"clients": 2, "publish": publish(mode="Synchronous")},
    )
    results = await stalled(server, both)
    narrow, closed = results["narrow"], results["closed"]
    assert (narrow.attempted, narrow.messages, errors(narrow)) == (count, count, {})
    assert is_the_stall(narrow.latency_microseconds), narrow.latency_microseconds
    wanted = rate * HALF_US / 1_000_000
    assert shows(count_above(narrow, HALF_US), wanted, 0.05)
    # Only a window of messages was on its way, the others left late: the sum of both is the wait.
    assert narrow.slip_microseconds is not None
    held_back_us = STALL_US - window * 1_000_000 // rate
    assert shows(narrow.slip_microseconds.max, held_back_us, 0.02)

    # Nobody is due in a closed loop: its clients have one slow message each, out of thousands.
    assert is_the_stall(closed.latency_microseconds), closed.latency_microseconds
    assert count_above(closed, HALF_US) == 2
    assert Histogram.decode(closed.latency).count == closed.messages > 1000
