"""The two parts of a delivery's time are the two ways over a wire of known length."""

from njst.contract.results.report import Latency, WorkloadResult
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import LESS_PERCENT, Document, errors, is_injected, loading
from tests.nats.truth.proxy import Proxy

ONE_WAY_MS = 300
ROUNDS = 3
LEAD_NS = 1_000_000_000
MODES: dict[str, Document] = {
    "pull": {"ack": "None"},
    "push": {"mode": "Push", "ack": "None"},
    "ordered": {"mode": "Ordered"},
}


def job(stream: str) -> Document:
    length = {"stream": stream, "durationSeconds": 3}
    write = {"name": "write", "messagesPerSecond": 50, "publish": {"payloadBytes": 64}}
    readers = [
        {"name": name, **length, "warmupSeconds": 1, "consume": how} for name, how in MODES.items()
    ]
    return {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [{**length, **write}, *readers],
    }


async def measure(server: NatsServer, stream: str, delay_ms: int) -> dict[str, WorkloadResult]:
    with Proxy(server.port) as proxy:
        async with loading(server, job(stream), via=proxy.url) as load:
            proxy.delay(delay_ms * 1_000_000)
            return await load.run(lead_ns=LEAD_NS)


def parts(result: WorkloadResult) -> tuple[Latency, Latency]:
    assert errors(result) == {}
    assert result.stored_microseconds is not None
    assert result.delivered_microseconds is not None
    # On one host a round trip is short, and no clock drifts.
    assert 0 < result.store_clock_error_microseconds < 50_000
    return result.stored_microseconds, result.delivered_microseconds


async def test_each_part_is_one_way(server: NatsServer, stream: str) -> None:
    injected_us = ONE_WAY_MS * 1000
    least: dict[tuple[str, int, int], int] = {}
    added: dict[tuple[str, int], int] = {}
    for number in range(ROUNDS):
        for delay_ms in (0, ONE_WAY_MS):
            results = await measure(server, f"{stream}-{number}-{delay_ms}", delay_ms)
            for mode in MODES:
                for part, latency in enumerate(parts(results[mode])):
                    key = (mode, part, delay_ms)
                    least[key] = min(latency.p50, least.get(key, latency.p50))
        added = {
            (mode, part): least[mode, part, ONE_WAY_MS] - least[mode, part, 0]
            for mode in MODES
            for part in (0, 1)
        }
        if all(is_injected(us, injected_us, LESS_PERCENT) for us in added.values()):
            break
    assert {key: us for key, us in added.items() if not is_injected(us, injected_us)} == {}
