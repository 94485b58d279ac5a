"""Workloads that begin one after the other, against a real server."""

import asyncio
import time
from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.load.runtime.process_group import LoadGroup
from njst.planning.client_plans import client_plans
from tests.nats.modes.running import Runner, errors
from tests.nats.modes.test_modes import consume, kept, publish, stream_name

Document = dict[str, Any]


@pytest.mark.parametrize(
    "how",
    [{"ack": "Explicit"}, {"mode": "Fetch"}, {"mode": "Push"}, {"mode": "Ordered"}],
    ids=str,
)
async def test_what_is_written_first_is_read_then_by_every_kind_of_consumer(
    runner: Runner, how: Document
) -> None:
    name = stream_name()
    wanted = 6000 if how.get("mode") in ("Push", "Ordered") else 3000
    read = {**consume(name, wanted, **how), "after": ["write"]}
    job = {"streams": [{"name": name}], "workloads": [publish(name, 3000), read]}
    done = await runner.run(job)
    assert {n: (r.messages, errors(r)) for n, r in done.items()} == {
        "write": (3000, {}),
        "read": (wanted, {}),
    }


async def test_phases_in_a_row_with_gets_and_core(runner: Runner) -> None:
    name = stream_name()
    get = {"name": "get", "stream": name, "messages": 500, "after": ["read"], "get": {}}
    core = {"subject": f"core.{name}", "timeoutSeconds": 5}

    def talk(workload: str, operation: str) -> Document:
        how = {"operation": operation, **core}
        return {"name": workload, "messages": 2000, "after": ["write"], "core": how}

    job = {
        "streams": [{"name": name}],
        "workloads": [
            publish(name, 500),
            {**consume(name, 500), "after": ["write"]},
            get,
            talk("hear", "Subscribe"),
            talk("send", "Publish"),
        ],
    }
    done = await runner.run(job)
    assert {n: (r.messages, errors(r)) for n, r in done.items()} == {
        "write": (500, {}),
        "read": (500, {}),
        "get": (500, {}),
        "hear": (2000, {}),
        "send": (2000, {}),
    }
    assert done["get"].bytes == 500 * 64


async def test_a_later_start_is_an_instant_and_lengths_and_rates_count_from_it(
    runner: Runner,
) -> None:
    name = stream_name()
    late = {
        **publish(name, 1),
        "name": "late",
        "startSeconds": 2,
        "durationSeconds": 2,
        "warmupSeconds": 1,
        "messagesPerSecond": 300,
    }
    del late["messages"]
    first = {**late, "name": "first", "startSeconds": 0, "durationSeconds": 4}
    done = await runner.run({"streams": kept(name), "workloads": [first, late]})
    result = done["late"]
    assert (result.messages, errors(result)) == (600, {})
    assert await runner.stored(name) == 1800
    assert result.series is not None
    windows = [w.messages for w in result.series.windows]
    # Nothing before it is due; a busy machine may be late.
    assert windows[:2] == [0, 0]
    assert windows[2] <= 300
    assert sum(windows) == 600
    assert 0 < result.warmup_messages <= 300
    seconds = result.elapsed_us / 1_000_000
    rate = (result.messages - result.warmup_messages) / seconds
    assert result.messages_per_second == pytest.approx(rate, rel=0.01)
    assert result.slip_microseconds is not None
    assert result.latency_microseconds is not None
    assert result.latency_microseconds.p50 < 1_000_000, "the wait for its start is no latency"


async def test_a_stop_ends_what_has_not_begun(runner: Runner) -> None:
    core = {"operation": "Publish", "subject": "core.never"}
    first = {"name": "late", "startSeconds": 3600, "messages": 10, "core": core}
    spec = parse_spec({"workloads": [first, {**first, "name": "never", "after": ["late"]}]})
    connection = Connection(servers=[runner.url])
    clients = client_plans("j", spec, ["w"], "w")
    plan = LoadPlan(job="j", connection=connection, clients=clients)
    group = await LoadGroup.prepare(plan, processes=1, timeout_s=90)
    try:
        group.start(time.monotonic_ns(), 0)
        async with asyncio.timeout(60):
            while group.cost() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert group.left() == {"late", "never"}
    finally:
        await group.stop()
    assert await group.wait() is Outcome.STOPPED
    assert {t.workload: (t.attempted, t.errors) for t in group.tallies()} == {
        "late": (0, []),
        "never": (0, []),
    }
