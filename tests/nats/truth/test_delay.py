"""Latencies are what was injected: a wire of known length lies between njst and NATS.

A busy host adds pauses of its own to messages and never takes any away. So the wire is long, and
each percentile is the least of up to three measurements that try for 1 %: an error of njst's own
would be in all of them.
"""

from njst.contract.results.report import WorkloadResult
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import (
    LESS_PERCENT,
    MORE_PERCENT,
    Document,
    errors,
    is_injected,
    loading,
)
from tests.nats.truth.proxy import Proxy

ONE_WAY_MS = 500
PERCENTILES = ("p50", "p99")
ROUNDS = 3
# The subscriptions are with the server by then.
LEAD_NS = 1_000_000_000

# How many times a message and what comes back cross the wire: the one who replies sits behind it.
CROSSINGS = {"synchronous": 2, "paced": 2, "put": 2, "get": 2, "direct": 2, "ask": 4}

# By workload and percentile, in us.
Percentiles = dict[tuple[str, str], int]


def filling(stream: str) -> Document:
    """What there is to get: a message in the stream, and the bucket's keys."""
    names = (stream, f"KV_{stream}")
    put = {"operation": "Put", "keys": 10}
    return {
        "streams": [{"name": name, "storage": "Memory", "retain": "Keep"} for name in names],
        "workloads": [
            {"name": "store", "stream": stream, "messages": 10, "publish": {}},
            {"name": "put", "stream": f"KV_{stream}", "messages": 10, "keyValue": put},
        ],
    }


def closed(stream: str) -> list[Document]:
    """The next message as soon as the last one is answered."""
    how = {"mode": "Synchronous", "subjects": [f"{stream}.x"]}
    return [{"name": "synchronous", "stream": stream, "clients": 4, "publish": how}]


def paced(stream: str) -> list[Document]:
    """All ways to wait for an answer, at rates that never let them all be due at once."""
    bucket = f"KV_{stream}"
    key_value = {"keys": 10, "window": 100}
    core = {"subject": f"ask.{stream}", "window": 100}
    return [
        offered(53, "paced", stream, publish={"subjects": [f"{stream}.x"]}),
        offered(47, "put", bucket, keyValue={"operation": "Put", **key_value}),
        offered(43, "get", bucket, keyValue={"operation": "Get", **key_value}),
        offered(41, "direct", stream, get={"mode": "Sequence", "window": 100}),
        {"name": "ask", "messagesPerSecond": 37, "core": {"operation": "Request", **core}},
        {"name": "answer", "core": {"operation": "Reply", **core}},
    ]


def offered(rate: int, name: str, stream: str, **how: Document) -> Document:
    return {"name": name, "stream": stream, "messagesPerSecond": rate, **how}


async def measure(
    server: NatsServer, stream: str, workloads: list[Document], delay_ms: int
) -> dict[str, WorkloadResult]:
    """Return what a job measures behind a wire of this length, but for its first second."""
    streams = [stream, f"KV_{stream}"]
    seconds = 5 if delay_ms else 2
    length = {"durationSeconds": seconds, "warmupSeconds": 1}
    # Whoever replies is there until the last request has come.
    longer = {**length, "durationSeconds": seconds + 3}
    document = {
        "streams": [{"name": name, "useExisting": True} for name in streams],
        "workloads": [{**(longer if w["name"] == "answer" else length), **w} for w in workloads],
    }
    with Proxy(server.port) as proxy:
        async with loading(server, document, via=proxy.url) as load:
            proxy.delay(delay_ms * 1_000_000)
            return await load.run(lead_ns=LEAD_NS)


def of(result: WorkloadResult, percentile: str) -> int:
    assert errors(result) == {}, result.workload
    assert result.latency_microseconds is not None
    value: int = getattr(result.latency_microseconds, percentile)
    return value


def offences(near: Percentiles, far: Percentiles, more_percent: int = MORE_PERCENT) -> list[str]:
    """Return which percentiles are not the wire and what they are without it."""
    found = []
    for key, there_us in far.items():
        workload, _ = key
        injected_us = CROSSINGS[workload] * ONE_WAY_MS * 1000
        if not is_injected(there_us - near[key], injected_us, more_percent):
            found.append(f"{key}: {there_us} us for {near[key]} + {injected_us} us")
    return found


async def test_each_latency_is_the_wire_and_what_it_is_without_it(
    server: NatsServer, stream: str
) -> None:
    async with loading(server, filling(stream)) as load:
        await load.run()
    near: Percentiles = {}
    far: Percentiles = {}
    for _ in range(ROUNDS):
        # As fast as they can, the first ones would be in the way of the others.
        for workloads in (closed(stream), paced(stream)):
            note(near, await measure(server, stream, workloads, 0))
        both = [*closed(stream), *paced(stream)]
        note(far, await measure(server, stream, both, ONE_WAY_MS))
        if not offences(near, far, LESS_PERCENT):
            break
    assert far.keys() == {(name, percentile) for name in CROSSINGS for percentile in PERCENTILES}
    assert offences(near, far) == []


def note(least: Percentiles, results: dict[str, WorkloadResult]) -> None:
    for name in results.keys() & CROSSINGS:
        for percentile in PERCENTILES:
            value = of(results[name], percentile)
            least[name, percentile] = min(value, least.get((name, percentile), value))
