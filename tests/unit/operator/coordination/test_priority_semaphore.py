"""Waiters are admitted by rank; none is forgotten, and no slot is lost."""

import asyncio

from njst_operator.coordination.priority_semaphore import PrioritySemaphore


async def _enter(slots: PrioritySemaphore, rank: float, served: list[float]) -> None:
    async with slots.at(rank):
        served.append(rank)
        await asyncio.sleep(0)


async def test_semaphore__waiters__are_admitted_by_rank() -> None:
    slots, served = PrioritySemaphore(1), list[float]()
    async with slots.at(9):
        tasks = [asyncio.create_task(_enter(slots, rank, served)) for rank in (3, 1, 2)]
        await asyncio.sleep(0)
        assert served == []
    await asyncio.gather(*tasks)
    assert served == [1, 2, 3]


async def test_semaphore__any_order__admits_no_more_than_its_size() -> None:
    slots, inside, most = PrioritySemaphore(2), 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with slots.at(0):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(9)))
    assert most == 2


async def test_semaphore__cancelled_waiter__takes_no_slot() -> None:
    slots, served = PrioritySemaphore(1), list[float]()
    async with slots.at(9):
        leaving = asyncio.create_task(_enter(slots, 1, served))
        staying = asyncio.create_task(_enter(slots, 2, served))
        await asyncio.sleep(0)
        leaving.cancel()
    await staying
    # Cancelled at the moment in which it gets its slot.
    async with slots.at(9):
        leaving = asyncio.create_task(_enter(slots, 1, served))
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    async with asyncio.timeout(60):
        await _enter(slots, 3, served)
    assert served == [2, 3]
