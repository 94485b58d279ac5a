"""A watch that ends or brings nothing any more is restarted, until it is stopped."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from njst.backoff import Backoff
from njst_operator import watch_loop
from njst_operator.kube.api_transport import KubeError
from njst_operator.telemetry.replica_health import ReplicaHealth
from njst_operator.watch_loop import WatchLoop

Watch = Callable[[threading.Event], None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_loop, "BACKOFF", Backoff(0.01, 2.0, 0.02))
    for name in ("LOOK_EVERY_S", "WORKS_S"):
        monkeypatch.setattr(watch_loop, name, 0.01)
    monkeypatch.setattr(watch_loop, "DEAF_S", 0.05)


def until_stopped(over: threading.Event) -> None:
    assert over.wait(60)


def in_turn(*watches: Watch) -> Watch:
    """Return a watch that is the first of these, then the second, and so on."""
    left = iter(watches)
    return lambda over: next(left)(over)  # noqa: PLW0108 - each call takes the next


async def troubles_of(
    replica_health: ReplicaHealth, watch: Watch, check: Callable[[], None]
) -> list[str]:
    """Return the reported problems, each once, until the last watch works."""
    stop, said = asyncio.Event(), [replica_health.watch_trouble]

    async def checked() -> None:
        check()

    running = asyncio.create_task(WatchLoop(checked, watch, replica_health, 60).run(stop))
    async with asyncio.timeout(60):
        while not said[-1] or replica_health.watch_trouble:
            if replica_health.watch_trouble != said[-1]:
                said.append(replica_health.watch_trouble)
            await asyncio.sleep(0.001)
    stop.set()
    await running
    return said[1:]


def ends(_: threading.Event) -> None:
    raise KubeError("the watch has ended")


async def test_watch__ended__is_restarted() -> None:
    watch = in_turn(ends, ends, until_stopped)
    assert await troubles_of(ReplicaHealth(), watch, lambda: None) == ["the watch has ended"]


async def test_watch__failed_check__is_retried() -> None:
    left = iter([True, True, False])

    def check() -> None:
        if next(left, False):
            raise KubeError("it is not installed")

    assert await troubles_of(ReplicaHealth(), until_stopped, check) == ["it is not installed"]


async def test_watch__behind_for_long__is_restarted() -> None:
    replica_health = ReplicaHealth()
    replica_health.listed({"a": "7"}, asyncio.get_running_loop().time())

    def hears(over: threading.Event) -> None:
        replica_health.delivered("a", "7")
        until_stopped(over)

    said = await troubles_of(replica_health, in_turn(until_stopped, hears), lambda: None)
    assert [words[:28] for words in said] == ["the watch has been deaf for "]


async def test_watch__wait_time_over__gives_up() -> None:
    async def nothing() -> None:
        pass

    keeping = WatchLoop(nothing, ends, ReplicaHealth(), 0.05)
    with pytest.raises(KubeError, match="the watch has ended"):
        await keeping.run(asyncio.Event())
    assert keeping.replica_health.watch_trouble == "the watch has ended"
