"""Processes that wait for the next job: how many, how long, and which are handed out."""

import asyncio
from asyncio.subprocess import Process
from collections import Counter
from contextlib import closing
from typing import cast

from njst.load.host.standby import PAUSE_S, Standby
from njst.testing.virtual_loop import VirtualLoop

MOST = {"load": 8, "read": 1}


class FakeProcess:
    """A process that ends when it is killed."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def kill(self) -> None:
        self.returncode = -9
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        return -9


class Host:
    """Starts processes; `full`: it has no room for another one."""

    def __init__(self) -> None:
        self.started: list[FakeProcess] = []
        self.full = False
        self.tried = asyncio.Event()

    async def spawn(self, module: str) -> Process:
        self.tried.set()
        if self.full:
            raise OSError("no room")
        await asyncio.sleep(0)
        self.started.append(FakeProcess(module))
        return cast("Process", self.started[-1])

    def alive(self) -> Counter[str]:
        return Counter(p.module for p in self.started if p.returncode is None)


async def _settle() -> None:
    """Let other tasks run until they wait for time or for each other."""
    for _ in range(100):
        await asyncio.sleep(0)


async def _used(standby: Standby, *modules: str, times: int = 1) -> None:
    """A job that has a process of each of these modules, and ends; so often in a row."""
    for _ in range(times):
        for process in [await standby.take(module) for module in modules]:
            process.kill()
        standby.warm()
        await _settle()


async def test_standby__after_a_job__has_as_many_processes_as_it_had() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, pause_s=0)
    await _used(standby, "load", "load", "read", "read", "read")
    assert host.alive() == {}, "a job that comes alone is no series"
    await _used(standby, "load", "load", "read", "read", "read")
    assert host.alive() == {"load": 2, "read": 1}, "slices are read one after the other"
    waiting = [p for p in host.started if p.returncode is None]
    taken = [await standby.take(module) for module in ("load", "load", "read")]
    assert {id(process) for process in taken} == {id(process) for process in waiting}
    assert (await standby.take("read")) not in taken, "one more is started"
    await standby.close()


async def test_standby__after_a_smaller_job__keeps_no_more_than_that_had() -> None:
    host = Host()
    standby = Standby({"load": 3}, host.spawn, pause_s=0)
    await _used(standby, *["load"] * 9, times=2)
    assert host.alive() == {"load": 3}
    await _used(standby, "load")
    assert host.alive() == {"load": 1}
    await standby.close()
    assert host.alive() == {}


async def test_standby__process_that_died__is_not_handed_out() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, pause_s=0)
    await _used(standby, "load", times=2)
    host.started[-1].kill()
    assert (await standby.take("load")).returncode is None
    await standby.close()


async def test_standby__not_needed_for_long__ends() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, keep_s=0, pause_s=0, now_s=lambda: 5.0)
    await _used(standby, "load", times=2)
    assert (len(host.started), host.alive()) == (3, {})
    await standby.close()


def test_standby__job_that_comes_in_the_pause__ends_it_for_all_that_it_will_need() -> None:
    async def jobs() -> None:
        host = Host()
        standby = Standby(MOST, host.spawn)
        await _used(standby, "load", "read", times=2)
        assert host.alive() == {}, "the report of the job is read now"
        process = await standby.take("load")
        assert host.alive() == {"load": 1, "read": 1}
        await asyncio.sleep(2 * PAUSE_S)
        assert host.alive() == {"load": 1, "read": 1}, "no other is started beside its load"
        reader = await standby.take("read")
        assert [cast("FakeProcess", one).module for one in (process, reader)] == ["load", "read"]
        assert len(host.started) == 6
        process.kill()
        reader.kill()
        standby.warm()
        await asyncio.sleep(2 * PAUSE_S)
        assert host.alive() == {"load": 1, "read": 1}, "those of the next one"
        await standby.close()

    with closing(VirtualLoop()) as loop:
        loop.run_until_complete(jobs())


async def test_standby__two_jobs_that_end_at_once__has_as_many_processes_as_both_had() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, pause_s=0)
    for _ in range(2):
        for process in [await standby.take("load") for _ in range(2)]:
            process.kill()
        standby.warm()
        standby.warm()
        await _settle()
    assert host.alive() == {"load": 2}
    await standby.close()


async def test_standby__closed_in_the_pause__keeps_nobody_waiting() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, pause_s=60)
    await _used(standby, "load", times=2)
    await standby.close()
    assert host.alive() == {}
    (await standby.take("load")).kill()


async def test_standby__jobs_far_from_each_other__are_no_series() -> None:
    host, now_s = Host(), [0.0]
    standby = Standby(MOST, host.spawn, keep_s=60, pause_s=0, now_s=lambda: now_s[0])
    for later_s, kept in ((0, 0), (61, 0), (60, 1), (61, 0)):
        now_s[0] += later_s
        process = await standby.take("load")
        standby.warm()
        await _settle()
        process.kill()
        assert host.alive().total() == kept, later_s
        for waiting in host.started:
            waiting.kill()
    await standby.close()


async def test_standby__host_without_room__is_no_error_until_a_process_is_needed() -> None:
    host = Host()
    standby = Standby(MOST, host.spawn, pause_s=0)
    await _used(standby, "load")
    process = await standby.take("load")
    host.full = True
    host.tried.clear()
    standby.warm()
    await host.tried.wait()
    host.full = False
    assert (await standby.take("load")) is not process
    await standby.close()
