"""Append: a decision is taken once, whoever tries at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from njst.contract.events import Finished, Origin, OriginKind
from njst.contract.names.mesh import EventName
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import WorkloadTally
from njst.journal.interfaces import JournalUnavailableError, Member
from njst.journal.jobs import Jobs, Submission
from njst.local.nats_server import NatsServer
from tests.nats.journal.follower import SPEC, Follower, accuse, create, created, following, joined

CONTENDERS = 10


class Present:
    """Members as one worker sees them; each contender sees others."""

    def __init__(self, worker: str) -> None:
        self._worker = worker

    async def present(self) -> list[Member]:
        return [
            Member.model_validate(
                {
                    "worker": self._worker,
                    "name": self._worker,
                    "host": "h",
                    "version": "0",
                    "startedAt": "2026-01-01T00:00:00Z",
                }
            )
        ]


@pytest.fixture
async def contenders(nats_server: NatsServer) -> AsyncIterator[list[Follower]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(following(nats_server.url)) for _ in range(CONTENDERS)
        ]


async def test_of_ten_concurrent_decisions_exactly_one_is_stored(
    contenders: list[Follower],
) -> None:
    name = EventName("one", "created")
    appended = await asyncio.gather(
        *(c.log.append(name, created(str(n))) for n, c in enumerate(contenders))
    )
    winners = [n for n, one in enumerate(appended) if one.stored]
    assert len(winners) == 1
    await asyncio.gather(*(create(contenders[0].log, "end"), *(c.until("end") for c in contenders)))
    for contender in contenders:
        assert contender.jobs == ["one", "end"]
        view = contender.job_store.get("one")
        assert view is not None
        assert view.created.digest == str(winners[0])


async def test_of_ten_concurrent_submissions_all_read_the_winner(
    contenders: list[Follower],
) -> None:
    """The whole way that a job takes through any door, to the answer that a caller gets."""

    async def submit(number: int, contender: Follower) -> tuple[bool, str, list[str]]:
        jobs = Jobs(contender.log, contender.job_store, Present(f"w{number}"))
        origin = Origin(kind=OriginKind.HTTP)
        submitted = await jobs.submit(Submission("one", SPEC, origin, digest=str(number)))
        return (
            submitted.new,
            submitted.view.created.digest,
            submitted.view.created.participants,
        )

    answers = await asyncio.gather(*(submit(n, c) for n, c in enumerate(contenders)))
    winners = [digest for new, digest, _ in answers if new]
    assert len(winners) == 1
    assert {digest for _, digest, _ in answers} == {winners[0]}
    assert all(workers == [f"w{winners[0]}"] for _, _, workers in answers)


async def test_a_decision_stays_taken_when_its_deduplication_window_is_over(
    nats_server: NatsServer,
) -> None:
    """By the expected sequence, not by a message id: the server restarts with an empty window."""
    async with joined(nats_server.url) as first:
        assert (await create(first.log, "one")).stored
    nats_server.kill()
    nats_server.restart()
    async with joined(nats_server.url) as second:
        again = await create(second.log, "one")
        assert (again.stored, again.seq) == (False, 0)


async def test_what_is_no_decision_may_be_said_again(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as follower:
        first, second = [await accuse(follower.log, "one") for _ in range(2)]
        assert (first.stored, second.stored) == (True, True)
        assert (first.seq, second.seq) == (1, 2)


async def test_the_log_knows_what_it_holds(nats_server: NatsServer) -> None:
    async with joined(nats_server.url) as follower:
        await create(follower.log, "one")
        assert await follower.log.holds(EventName("one", "created"))
        assert not await follower.log.holds(EventName("one", "started"))
        assert not await follower.log.holds(EventName("two", "created"))


async def test_an_event_that_the_server_would_not_take_says_how_large_it_is(
    nats_server: NatsServer,
) -> None:
    async with joined(nats_server.url) as follower:
        tally = WorkloadTally(workload="w", latency="A" * 2_000_000)
        huge = Finished(outcome=Outcome.COMPLETED, workloads=[tally])
        with pytest.raises(JournalUnavailableError, match=r"2000\d\d\d bytes.*max_payload"):
            await follower.log.append(EventName("one", "finished", "a"), huge)
        assert follower.client.is_connected, "the server did not have to hang up"


async def test_a_full_log_lets_the_oldest_go_and_never_refuses(nats_server: NatsServer) -> None:
    """Old jobs are forgotten; a mesh that could take no new one would be of no use."""
    async with joined(nats_server.url) as follower:
        info = await follower.client.jetstream().stream_info("NJST_test_LOG")
        assert info.config.discard == "old"
        assert info.config.max_msgs_per_subject == -1, "a second decision would replace the first"


async def test_a_forgotten_job_is_gone_and_others_are_followed_on(
    nats_server: NatsServer,
) -> None:
    """The log stays small; who joins later does not see it, and no reader takes the gap for one."""
    async with following(nats_server.url) as first:
        for job in ("old", "new"):
            await create(first.log, job)
        await first.log.forget("old")
        assert not await first.log.holds(EventName("old", "created"))
        await create(first.log, "newest")
        await first.until("old", "new", "newest")
        async with following(nats_server.url) as later:
            assert later.jobs == ["new", "newest"]
