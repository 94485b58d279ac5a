"""Goals of the engine itself: offered rates, bounded memory, many clients, cheap recording."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from bench.goals import Goal
from bench.load.cases import STREAM, SUBJECT, Case, Needs
from bench.load.njst_side import NjstSide
from bench.load.prepared_streams import prepare, server_of
from bench.pairs import Spread
from devenv.progress import Progress
from njst.load.recording.dense_histogram import DenseHistogram

_STREAM = Case("engine", [], {}, 0, Needs.EMPTY_STREAM)


def goals(progress: Progress) -> Iterable[Goal]:
    """Yield each figure and its goal."""
    with server_of(1) as url:
        # The time until the last answer is in the rate: at the highest one a flush of the server's
        # store just then, which takes some ms, would be more than what is looked for in 10 s.
        for per_second, seconds, runs in ((1_000, 10, 1), (10_000, 10, 3), (50_000, 20, 1)):
            with progress.step(f"open loop at {per_second:,}/s"):
                yield from _open_loop(url, per_second, seconds, runs)
        with progress.step("memory at 200,000 and at 1,600,000 messages"):
            yield _memory(url)
        with progress.step("1,000 clients in one worker"):
            yield _clients(url)
    with progress.step("histogram"):
        yield _histogram()


def _publish(**shape: Any) -> dict[str, Any]:
    workload = {
        "name": "bench",
        "stream": STREAM,
        "publish": {"payloadBytes": 128, "subjects": [SUBJECT]},
        **shape,
    }
    return {"streams": [{"name": STREAM, "useExisting": True}], "workloads": [workload]}


def _open_loop(url: str, per_second: int, seconds: int, runs: int) -> Iterable[Goal]:
    said = []
    for _ in range(runs):
        prepare(url, _STREAM)
        spec = _publish(messagesPerSecond=per_second, durationSeconds=seconds)
        said.append(NjstSide(url).measure(spec))
    offered = Spread.of([one["messages"] / (per_second * seconds) for one in said])
    yield Goal(f"open loop {per_second:,}/s: offered of planned", offered, 1.0, at_least=True)
    missing = Spread.of([abs(1 - one["rate"] / per_second) for one in said])
    yield Goal(f"open loop {per_second:,}/s: rate away from it", missing, 0.001, at_least=False)
    if per_second == 10_000:
        slip = Spread.of([one["slipP99"] for one in said])
        yield Goal("open loop 10,000/s: slip p99 in us", slip, 1_000, at_least=False)


def _memory(url: str) -> Goal:
    peaks = []
    for messages in (200_000, 1_600_000):
        prepare(url, _STREAM)
        peaks.append(NjstSide(url).measure(_publish(messages=messages))["residentMegabytes"])
    growth = Spread.of([peaks[1] / peaks[0]])
    return Goal("memory at 8 times the messages", growth, 1.1, at_least=False)


def _clients(url: str) -> Goal:
    """Four workloads of 250 clients, each with messages for all of them."""
    prepare(url, _STREAM)
    spec = _publish(clients=250, messages=50_000)
    # The server rejects (429) what its ingest queue cannot hold; njst must not reach that limit.
    spec["workloads"][0]["publish"]["window"] = 8
    spec["workloads"] = [{**spec["workloads"][0], "name": f"bench-{n}"} for n in range(4)]
    said = NjstSide(url).measure(spec)
    return Goal("1,000 clients: messages", Spread.of([said["messages"]]), 200_000, at_least=True)


def _histogram() -> Goal:
    rng = np.random.default_rng(1)
    values = (rng.lognormal(13, 1, 4096)).astype(np.int64)
    recorder = DenseHistogram()
    costs = []
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(100):
            recorder.record_ns(values)
        costs.append((time.perf_counter() - begin) / (100 * len(values)) * 1e6)
    return Goal("histogram: us for each message", Spread.of(costs), 0.1, at_least=False)
