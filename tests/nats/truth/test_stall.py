"""A server that says nothing for 2 s: an offered rate must show every message that it made wait.

A tester that sends the next message only after the last answer shows one slow message; the users of
a service, who do not wait for each other, had rate times stall of them (coordinated omission).
"""

import pytest

from njst.contract.results.report import Latency, WorkloadResult
from njst.local.nats_server import NatsServer
from njst.stats.histogram import Histogram
from tests.nats.truth.loading import Document, count_above, errors, loading
from tests.nats.truth.proxy import Proxy

STALL_US = 2_000_000
HALF_US = STALL_US // 2
# The stall begins within two of them, also where one is late to see that the load is on its way.
SECONDS = 6
# A busy host adds to a wait, and to how many wait; nothing takes any of it away. So no measurement
# may show less than what was injected, and the least of up to three shows not much more.
MOST_MORE = 0.25
ROUNDS = 3


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


class Figures:
    """How much of what was injected each figure shows, as a fraction; the least of all rounds."""

    def __init__(self) -> None:
        self._least: dict[str, float] = {}

    def note(self, name: str, found: float, injected: float, short: float = 0.01) -> None:
        part = found / injected
        assert part >= 1 - short, (name, found, injected)
        self._least[name] = min(part, self._least.get(name, part))

    def stall(self, name: str, latency: Latency | None) -> None:
        """Note the longest wait; the first message in the stall is due up to 1/rate later."""
        assert latency is not None, name
        self.note(name, latency.max, STALL_US)

    @property
    def more(self) -> dict[str, float]:
        """What shows much more in each round."""
        return {name: part for name, part in self._least.items() if part > 1 + MOST_MORE}


@pytest.mark.parametrize("rate", [200, 2000])
async def test_every_message_that_was_due_in_the_stall_shows_it(
    server: NatsServer, stream: str, rate: int
) -> None:
    # The window has room for all of the stall: each message leaves when it is due.
    count = rate * SECONDS
    # Those due in its first half waited for more than the other half.
    wanted = rate * HALF_US / 1_000_000
    figures, slips_us = Figures(), []
    for number in range(ROUNDS):
        document = job(f"{stream}-{number}", wide=offered(rate, 5 * rate))
        result = (await stalled(server, document))["wide"]
        assert (result.attempted, result.messages, errors(result)) == (count, count, {})
        figures.stall("latency", result.latency_microseconds)
        figures.stall("service", result.service_microseconds)
        figures.note("waits", count_above(result, HALF_US), wanted, 0.05)
        assert result.slip_microseconds is not None
        slips_us.append(result.slip_microseconds.max)
        if not figures.more and min(slips_us) < STALL_US / 4:
            break
    assert figures.more == {}, "NATS was slow"
    assert min(slips_us) < STALL_US / 4, "and njst was not"


async def test_what_a_full_window_holds_back_is_slip_and_waits_all_the_same(
    server: NatsServer, stream: str
) -> None:
    rate, window = 200, 20
    count = rate * SECONDS
    wanted = rate * HALF_US / 1_000_000
    # Only a window of messages was on its way, the others left late: the sum of both is the wait.
    held_back_us = STALL_US - window * 1_000_000 // rate
    figures, slow = Figures(), []
    for number in range(ROUNDS):
        both = job(
            f"{stream}-{number}",
            narrow=offered(rate, window),
            closed={"clients": 2, "publish": publish(mode="Synchronous")},
        )
        results = await stalled(server, both)
        narrow, closed = results["narrow"], results["closed"]
        assert (narrow.attempted, narrow.messages, errors(narrow)) == (count, count, {})
        figures.stall("narrow", narrow.latency_microseconds)
        figures.note("waits", count_above(narrow, HALF_US), wanted, 0.05)
        assert narrow.slip_microseconds is not None
        figures.note("slip", narrow.slip_microseconds.max, held_back_us, 0.02)
        # Nobody is due in a closed loop: its clients have one slow message each, out of many.
        figures.stall("closed", closed.latency_microseconds)
        assert Histogram.decode(closed.latency).count == closed.messages > 1000
        slow.append(count_above(closed, HALF_US))
        if not figures.more and slow[-1] == 2:
            break
    assert figures.more == {}
    assert min(slow) == 2
