"""What a core client may not send, or loses with its server, is an error and no more."""

import asyncio

import pytest

from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import ErrorClass
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_server import NatsServer
from tests.nats.load.test_faults import ended, errors, plan, prepared, start, until

RIGHTS = 'permissions: {publish: {deny: ["no"]}}'
USERS = f"authorization {{ users = [{{user: u, password: p, {RIGHTS}}}] }}"


def publisher(subject: str, messages: int | None, index: int = 0) -> ClientPlan:
    return ClientPlan(
        workload="write",
        index=index,
        messages=messages,
        duration_ms=None if messages else 60_000,
        core=CorePlan(
            operation=CoreOperation.PUBLISH, subject=subject, payload_bytes=64, timeout_ms=60_000
        ),
    )


@pytest.mark.parametrize("allowed", [0, 500])
async def test_what_is_denied_is_an_error_and_nothing_else(allowed: int) -> None:
    clients = [publisher("no", 3_000), *([publisher("yes", allowed, 1)] if allowed else [])]
    with NatsServer.start(config=USERS) as server:
        async with prepared(plan(server.url, *clients, user="u", password="p")) as group:
            start(group)
            outcome, result = await ended(group)
    assert (outcome, result.attempted, result.messages) == (
        Outcome.COMPLETED,
        3_000 + allowed,
        allowed,
    )
    assert errors(result) == {ErrorClass.PERMISSION_DENIED: 3_000}
    assert result.bytes == 64 * allowed
    assert result.series is not None
    assert min(window.messages for window in result.series.windows) >= 0
    assert sum(window.messages for window in result.series.windows) == allowed


async def test_denied_request_fails_at_once() -> None:
    ask = publisher("no", 20)
    assert ask.core is not None
    core = ask.core.model_copy(update={"operation": CoreOperation.REQUEST, "window": 5})
    ask = ask.model_copy(update={"core": core})
    with NatsServer.start(config=USERS) as server:
        async with prepared(plan(server.url, ask, user="u", password="p")) as group:
            start(group)
            _, result = await ended(group)
    assert (result.attempted, result.messages) == (20, 0)
    assert errors(result) == {ErrorClass.PERMISSION_DENIED: 20}


@pytest.mark.parametrize("group_name", ["", "g"])
async def test_subscriber__that_may_not_subscribe__ends_at_once(group_name: str) -> None:
    hear = publisher("no", 20)
    assert hear.core is not None
    changes = {"operation": CoreOperation.SUBSCRIBE, "queue_group": group_name}
    core = hear.core.model_copy(update=changes)
    hear = hear.model_copy(update={"core": core})
    with NatsServer.start(config=USERS.replace("publish:", "subscribe:")) as server:
        async with prepared(plan(server.url, hear, user="u", password="p")) as group:
            start(group)
            outcome, result = await ended(group)
    assert outcome is Outcome.COMPLETED
    assert (result.attempted, result.messages, result.unfinished) == (20, 0, 0)
    assert errors(result) == {ErrorClass.PERMISSION_DENIED: 20}


async def test_what_a_server_takes_with_it_when_it_dies_is_an_error(
    nats_server: NatsServer,
) -> None:
    async with prepared(plan(nats_server.url, publisher("yes", None))) as group:
        start(group)
        await until(lambda: done(group) > 0)
        nats_server.kill()
        await asyncio.to_thread(nats_server.restart)
        before = done(group)
        await until(lambda: done(group) > before)
        await group.stop()
        outcome, result = await ended(group)
    assert outcome is Outcome.STOPPED
    assert errors(result).keys() == {ErrorClass.DISCONNECTED}
    assert result.messages + errors(result)[ErrorClass.DISCONNECTED] == result.attempted


def done(group: LoadGroup) -> int:
    return sum(tally.messages for tally in group.tallies())
