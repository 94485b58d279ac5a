"""Breaks of a load's connections: timed, survived elsewhere, and no hold-up for other clients."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.connection import Connection
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from njst.stats.tally_merge import totals
from tests.nats.connections.identities import Operator
from tests.nats.connections.running import LIMIT_S, WINDOW, publisher

LONG_MS = int(2 * LIMIT_S * 1000)
# What a stream's leader has taken when it goes is never answered: others of the window come next.
LEADER_GONE_MS = 2_000


async def make_stream(url: str, **options: Any) -> None:
    client = Client()
    await client.connect(url)
    try:
        await client.jetstream(timeout=10).add_stream(name="S", subjects=["s.>"], **options)
    finally:
        await client.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def loading(
    connection: Connection,
    clients: int = 1,
    ack_timeout_ms: int = LONG_MS,
    reconnect_ms: int | None = None,
) -> AsyncIterator[LoadGroup]:
    """Publishers without an end, in one process, under way."""
    endless = publisher(None, ack_timeout_ms=ack_timeout_ms)
    plans = [
        endless.model_copy(update={"index": n, "reconnect_ms": reconnect_ms})
        for n in range(clients)
    ]
    plan = LoadPlan(job="j", connection=connection, clients=plans)
    group = await LoadGroup.prepare(plan, processes=1, timeout_s=LIMIT_S)
    try:
        group.start(time.monotonic_ns(), 0)
        await until(lambda: done(group) > 0)
        yield group
    finally:
        await group.stop()


def done(group: LoadGroup) -> int:
    return sum(tally.messages for tally in group.tallies())


def lost(group: LoadGroup) -> int:
    """How many messages were in flight when their connection broke."""
    found = [error for tally in group.tallies() for error in tally.errors]
    return sum(e.count for e in found if e.error_class is ErrorClass.DISCONNECTED)


async def goes_on(group: LoadGroup) -> None:
    """Return once messages are done that were not a moment ago."""
    before = done(group)
    await until(lambda: done(group) > before + 100)


async def ended(group: LoadGroup) -> WorkloadResult:
    await group.stop()
    assert await group.wait() is Outcome.STOPPED
    return totals("write", "", group.tallies())


def errors(result: WorkloadResult) -> dict[ErrorClass, int]:
    return {error.error_class: error.count for error in result.errors}


async def test_an_outage_is_timed(nats_server: NatsServer) -> None:
    await make_stream(nats_server.url)
    async with loading(Connection(servers=[nats_server.url]), clients=2) as group:
        begin_ns = time.monotonic_ns()
        nats_server.kill()
        # Each client has no more than its window in flight: more than one client has noticed.
        await until(lambda: lost(group) > WINDOW)
        # The least length of the outage that is to be measured.
        await asyncio.sleep(0.5)
        await asyncio.to_thread(nats_server.restart)
        await until(lambda: sum(t.reconnects for t in group.tallies()) == 2)
        await goes_on(group)
        most_us = (time.monotonic_ns() - begin_ns) // 1000
        result = await ended(group)
    assert result.reconnects == 2
    assert 500_000 <= result.longest_outage_us <= most_us
    assert 1_000_000 <= result.disconnected_us <= 2 * most_us


async def test_a_load_without_a_break_has_no_outage(nats_server: NatsServer) -> None:
    await make_stream(nats_server.url)
    async with loading(Connection(servers=[nats_server.url])) as group:
        result = await ended(group)
    assert (result.reconnects, result.disconnected_us, result.longest_outage_us) == (0, 0, 0)


@pytest.fixture
def cluster() -> Iterator[NatsCluster]:
    with NatsCluster.start(3, config='lame_duck_grace_period: "100ms"') as started:
        yield started


@pytest.mark.parametrize("ending", ["kill", "lame duck"])
async def test_another_server_of_the_cluster_is_found(cluster: NatsCluster, ending: str) -> None:
    """Only one server is named; the others are learnt from it."""
    first, second, _ = cluster.servers
    await make_stream(second.url, num_replicas=3)
    async with loading(Connection(servers=[first.url]), ack_timeout_ms=LEADER_GONE_MS) as group:
        if ending == "kill":
            first.kill()
        else:
            first.lame_duck()
        await until(lambda: sum(t.reconnects for t in group.tallies()) >= 1)
        await goes_on(group)
        result = await ended(group)
    (broken,) = [e for e in result.events if e.error_class is ErrorClass.DISCONNECTED]
    assert ("lame duck" in broken.example) == (ending == "lame duck")
    assert result.reconnects == 1


async def test_without_discovery_only_the_named_servers_are_used(cluster: NatsCluster) -> None:
    first, second, _ = cluster.servers
    await make_stream(second.url, num_replicas=3)
    connection = Connection(servers=[first.url], discover=False)
    how = {"ack_timeout_ms": LEADER_GONE_MS, "reconnect_ms": 500}
    async with loading(connection, **how) as group:
        first.kill()
        assert await group.wait() is Outcome.COMPLETED
        result = totals("write", "", group.tallies())
    assert errors(result)[ErrorClass.CONNECT_FAILED] == 1
    assert (result.reconnects, result.disconnected_us >= 500_000) == (0, True)


@contextmanager
def front_of(server: NatsServer) -> Iterator["Front"]:
    front = Front(server.port)
    try:
        yield front
    finally:
        front.close()


class Front:
    """Forwards its first two connections to a server; later ones are taken, and never answered."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        self._port = port
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.taken = 0

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self.taken += 1
            if self.taken <= 2:
                server = socket.create_connection(("127.0.0.1", self._port))
                self._sockets.append(server)
                for pair in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._copy, args=pair)
                    self._threads.append(thread)
                    thread.start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            return

    def cut(self) -> None:
        """Break the first connection."""
        for sock in self._sockets[:2]:
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for sock in (self._listener, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for sock in (self._listener, *self._sockets):
            sock.close()


async def test_a_mute_server_holds_up_no_other_client(nats_server: NatsServer) -> None:
    """Both clients are of one process; one waits for long for a server that says nothing."""
    await make_stream(nats_server.url)
    with front_of(nats_server) as front:
        connection = Connection(servers=[front.url], connect_timeout_ms=LONG_MS, discover=False)
        async with loading(connection, clients=2) as group:
            front.cut()
            await until(lambda: front.taken >= 3)
            before = done(group)
            # This gives up before that client does, so the loop went on while it waited.
            await until(lambda: done(group) > before + 500)
            result = await ended(group)
    assert errors(result).keys() == {ErrorClass.DISCONNECTED}


async def test_renewed_creds_are_used_at_the_next_login(tmp_path: Path) -> None:
    """The first ones run out under the load; what is in the file by then is good again."""
    operator, creds = Operator(), tmp_path / "user.creds"
    with NatsServer.start(config=operator.config()) as server:
        creds.write_text(operator.user().creds())
        client = Client()
        await client.connect(server.url, user_credentials=str(creds))
        await client.jetstream().add_stream(name="S", subjects=["s.>"])
        await client.close()
        creds.write_text(operator.user(seconds=12).creds())
        connection = Connection(servers=[server.url], creds_file=str(creds))
        async with loading(connection) as group:
            creds.write_text(operator.user(seconds=3600).creds())
            await until(lambda: sum(t.reconnects for t in group.tallies()) >= 1)
            await goes_on(group)
            result = await ended(group)
    (broken,) = [e for e in result.events if e.error_class is ErrorClass.DISCONNECTED]
    assert "User Authentication Expired" in broken.example


async def test_addresses_that_nobody_reaches_do_not_delay_the_return() -> None:
    """The cluster names one that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        with NatsCluster.start(2, config=f'client_advertise: "{where}"') as cluster:
            first, second = cluster.servers
            await make_stream(second.url, num_replicas=1, storage="memory")
            # Only the first server is named, so the way back leads there alone.
            connection = Connection(servers=[first.url], connect_timeout_ms=LONG_MS)
            async with loading(connection, ack_timeout_ms=LEADER_GONE_MS) as group:
                first.kill()
                await until(lambda: refused(group) >= 2)
                await asyncio.to_thread(first.restart)
                begin_s = time.monotonic()
                await until(lambda: sum(t.reconnects for t in group.tallies()) == 1)
                took_s = time.monotonic() - begin_s
        mute.settimeout(LIMIT_S)
        mute.accept()[0].close()  # it was tried
    # A pause between two attempts is a second at most, and the processes speak once a second.
    assert took_s < 4.0


def refused(group: LoadGroup) -> int:
    """How many attempts to connect have failed."""
    found = [event for tally in group.tallies() for event in tally.events]
    return sum(e.count for e in found if e.error_class is ErrorClass.CONNECT_FAILED)
