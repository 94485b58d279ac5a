"""The public fakes keep what the real journal promises."""

import asyncio

import pytest

from njst.contract.events import Cleaned, Payload, Progress, Ready
from njst.contract.names.mesh import EventName
from njst.journal.interfaces import JournalUnavailableError, Log, Members
from njst.journal.state.projection import LogEntry
from njst.testing.fake_clock import FakeClock
from njst.testing.fake_members import FakeMembers, member
from njst.testing.memory_log import MemoryLog
from njst.testing.virtual_loop import SimulatedProcess, VirtualLoop, run

CLEANED, READY = EventName("j", "cleaned"), EventName("j", "ready", "w")


async def test_memory_log__second_decision__is_not_stored() -> None:
    log = MemoryLog()
    events: list[tuple[EventName, Payload]] = [(READY, Ready()), (CLEANED, Cleaned())]
    appended = [await log.append(*event) for event in (*events, *events)]
    assert [(a.stored, a.seq) for a in appended] == [(True, 1), (True, 2), (True, 3), (False, 0)]


async def test_memory_log__late_follower__gets_all_entries_and_the_last_progress() -> None:
    log: Log = MemoryLog(FakeClock(7))
    seen: list[LogEntry] = []
    progress: list[tuple[str, str, int, int]] = []
    await log.append(READY, Ready())
    for elapsed_ms in (1, 2):
        await log.publish_progress("j", "w", Progress(elapsed_ms=elapsed_ms))
    await log.follow(seen.append, lambda j, w, p, ns: progress.append((j, w, p.elapsed_ms, ns)))
    await log.append(CLEANED, Cleaned())
    assert [(e.seq, e.time_ns, e.job, e.worker) for e in seen] == [
        (1, 7, "j", "w"),
        (2, 7, "j", ""),
    ]
    assert progress == [("j", "w", 2, 7)]
    await log.close()
    await log.append(READY, Ready())
    assert len(seen) == 2


async def test_memory_log__broken__refuses_and_forgets_progress() -> None:
    log = MemoryLog()
    log.broken = "no NATS"
    with pytest.raises(JournalUnavailableError, match="no NATS"):
        await log.append(READY, Ready())
    await log.publish_progress("j", "w", Progress(elapsed_ms=1))
    assert (log.entries, log.progress) == ([], {})


async def test_memory_log__forgotten_job__can_be_decided_again() -> None:
    log = MemoryLog()
    await log.append(CLEANED, Cleaned())
    await log.forget("j")
    assert not await log.holds(CLEANED)
    assert (await log.append(CLEANED, Cleaned())).seq == 2


async def test_fake_members__are_sorted_and_can_be_described() -> None:
    members: Members = FakeMembers("w2", member("w1", zone="north"))
    assert [(m.worker, m.zone) for m in await members.present()] == [("w1", "north"), ("w2", "")]


def test_fake_clock__with_a_loop__follows_it_and_can_be_set() -> None:
    async def times() -> list[int]:
        clock = FakeClock(100, asyncio.get_running_loop())
        # Virtual time.
        await asyncio.sleep(3600)
        first = clock.now_ns()
        clock.advance(-1)
        return [first, clock.now_ns(), clock.monotonic_ns_at(clock.now_ns())]

    hour_ns = 3600 * 10**9
    assert run(times()) == [hour_ns + 100, hour_ns + 100 - 10**9, hour_ns]


def test_virtual_loop__killed_and_stalled_processes__stop_at_an_await() -> None:
    loop, seen = VirtualLoop(), []

    async def count(name: str) -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            seen.append((name, loop.time()))

    killed, stalled = SimulatedProcess("killed"), SimulatedProcess("stalled")
    tasks = [loop.create_task(count(p.name), context=p.context) for p in (killed, stalled)]
    loop.at(1.5, setattr, killed, "dead", True)
    loop.at(1.5, setattr, stalled, "stalled", True)
    loop.at(10, loop.resume, stalled)
    loop.run_until_complete(tasks[1])
    assert seen == [("killed", 1), ("stalled", 1), ("stalled", 10), ("stalled", 11)]
    tasks[0].cancel()
    killed.dead = False
    loop.resume(killed)
    loop.run_until_complete(asyncio.gather(tasks[0], return_exceptions=True))
    loop.close()


def test_run__error_that_nothing_handles__fails_the_test() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match=r"1 unhandled.*ZeroDivisionError"):
        run(main())


def test_run__tasks_that_wait_for_each_other__fail_the_test() -> None:
    with pytest.raises(AssertionError, match="nothing can ever happen again"):
        run(asyncio.Event().wait())
