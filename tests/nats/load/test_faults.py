"""The load processes of one worker when the target, the network or a process of them dies."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from njst.contract.connection import Connection
from njst.contract.kinds.core import CoreOperation, CorePlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan, LoadPlan
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.load.runtime.process_group import LoadGroup, LoadProblem
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.stats.tally_merge import totals
from tests.stopping import stopped

LIMIT_S = 60.0
LOGIN = 'authorization { users = [{user: "tester", password: "right"}] }'


def client(
    messages: int | None,
    index: int = 0,
    mode: PublishMode = PublishMode.SYNCHRONOUS,
    ack_timeout_ms: int = 60_000,
    *,
    reuses: bool = False,
) -> ClientPlan:
    return ClientPlan(
        workload="write",
        index=index,
        messages=messages,
        duration_ms=None if messages else 60_000,
        publish=PublishPlan(
            mode=mode,
            window=100,
            payload=PayloadPlan(bytes_min=64, bytes_max=64),
            subjects=["s.x"],
            reuses_replies=reuses,
            ack_timeout_ms=ack_timeout_ms,
        ),
    )


def plan(url: str, *clients: ClientPlan, **connection: object) -> LoadPlan:
    settings = Connection.model_validate({"servers": [url], **connection})
    return LoadPlan(job="j", connection=settings, clients=list(clients))


@asynccontextmanager
async def prepared(plan: LoadPlan, processes: int = 1) -> AsyncIterator[LoadGroup]:
    """A group whose processes have all ended when the test has."""
    group = await LoadGroup.prepare(plan, processes=processes, timeout_s=LIMIT_S)
    pids = pids_of(group)
    try:
        yield group
    finally:
        await group.stop()
        assert not [pid for pid in pids if alive(pid)], "no process outlives its group"


def pids_of(group: LoadGroup) -> list[int]:
    return [child.process.pid for child in group._children]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def start(group: LoadGroup) -> None:
    now_ns = time.monotonic_ns()
    group.start(now_ns, time.time_ns() - now_ns)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def ended(group: LoadGroup) -> tuple[Outcome, WorkloadResult]:
    async with asyncio.timeout(LIMIT_S):
        outcome = await group.wait()
    return outcome, totals("write", "", group.tallies())


def errors(result: WorkloadResult) -> dict[ErrorClass, int]:
    return {error.error_class: error.count for error in result.errors}


@asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    connection = Client()
    await connection.connect(server.url)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


@pytest.fixture
async def js(nats_server: NatsServer) -> AsyncIterator[JetStreamContext]:
    """The server's JetStream with a stream S."""
    async with jetstream(nats_server) as context:
        await context.add_stream(name="S", subjects=["s.>"])
        yield context


async def test_a_killed_process_is_an_error_and_what_it_said_last_counts(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    async with prepared(plan(nats_server.url, client(None), client(None, 1)), 2) as group:
        start(group)
        await until(lambda: all(child.tallies for child in group._children))
        group._children[0].process.kill()
        await until(lambda: group.problem is not None)
        assert group.problem is not None
        assert group.problem.reason == "ProcessDied"
        await group.stop()
        outcome, result = await ended(group)
    assert outcome is Outcome.FAILED
    assert errors(result)[ErrorClass.PROCESS_DIED] == 1
    assert result.errors[0].example == "a load process died: signal 9"
    stored = (await js.stream_info("S")).state.messages
    assert 0 < result.messages <= stored, "never more than there are"


async def test_a_group_that_is_dropped_leaves_no_process(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    """The end of its input is the end of a load process: so also when a worker is killed."""
    async with prepared(plan(nats_server.url, client(None))) as group:
        start(group)
        await until(lambda: bool(group.tallies()))
        stdin = group._children[0].process.stdin
        assert stdin is not None
        stdin.close()
        await until(lambda: group._children[0].process.returncode is not None)


@contextmanager
def answering(reply: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats each connection like this; the URL of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    reply(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"nats://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def greet_with_garbage(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def say_nothing(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("reply", "patience_ms", "says"),
    [
        pytest.param(greet_with_garbage, 60_000, "HTTP/1.1", id="another protocol"),
        pytest.param(hang_up, 60_000, "closed the connection", id="hangs up"),
        pytest.param(say_nothing, 500, "timed out", id="mute"),
    ],
)
async def test_a_target_that_is_no_nats(
    reply: Callable[[socket.socket], None], patience_ms: int, says: str
) -> None:
    with answering(reply) as url, pytest.raises(LoadProblem) as caught:
        await LoadGroup.prepare(
            plan(url, client(1), connect_timeout_ms=patience_ms), processes=1, timeout_s=LIMIT_S
        )
    assert caught.value.reason == "TargetUnreachable"
    assert url in caught.value.message
    assert says in caught.value.message


async def test_a_target_that_is_not_there() -> None:
    port = ReservedPort()
    try:
        with pytest.raises(LoadProblem, match=r"TargetUnreachable.*refused"):
            await LoadGroup.prepare(
                plan(f"nats://127.0.0.1:{port.number}", client(1)), processes=1, timeout_s=LIMIT_S
            )
    finally:
        port.close()


async def test_a_second_server_is_used_when_the_first_is_not_there(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    port = ReservedPort()
    try:
        both = [f"nats://127.0.0.1:{port.number}", nats_server.url]
        async with prepared(plan("", client(10), servers=both)) as group:
            start(group)
            outcome, result = await ended(group)
    finally:
        port.close()
    assert (outcome, result.messages) == (Outcome.COMPLETED, 10)


async def test_a_wrong_password() -> None:
    with NatsServer.start(config=LOGIN) as server:
        with pytest.raises(LoadProblem, match="TargetLoginRefused") as caught:
            await LoadGroup.prepare(
                plan(server.url, client(1), user="tester", password="wrong"),
                processes=1,
                timeout_s=LIMIT_S,
            )
        assert "wrong" not in caught.value.message


async def test_a_full_stream_refuses_and_each_refusal_is_counted(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    await js.delete_stream("S")
    await js.add_stream(name="S", subjects=["s.>"], max_msgs=40, discard="new")
    async with prepared(plan(nats_server.url, client(100))) as group:
        start(group)
        outcome, result = await ended(group)
    assert (outcome, result.messages) == (Outcome.COMPLETED, 40)
    assert errors(result) == {ErrorClass.LIMIT_EXCEEDED: 60}


@pytest.mark.parametrize("mode", [PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS])
async def test_a_stream_that_is_deleted_meanwhile(
    nats_server: NatsServer, js: JetStreamContext, mode: PublishMode
) -> None:
    # What the stream has taken when it goes is never answered.
    writer = client(None, mode=mode, ack_timeout_ms=2_000)
    async with prepared(plan(nats_server.url, writer)) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        await js.delete_stream("S")
        await until(lambda: ErrorClass.NO_RESPONDERS in said(group))
        await group.stop()
        outcome, result = await ended(group)
    assert outcome is Outcome.STOPPED
    assert ErrorClass.NO_RESPONDERS in errors(result)
    assert set(errors(result)) <= {ErrorClass.NO_RESPONDERS, ErrorClass.TIMEOUT}


def said(group: LoadGroup) -> set[ErrorClass]:
    return {error.error_class for tally in group.tallies() for error in tally.errors}


@pytest.mark.parametrize("reuses", [False, True])
@pytest.mark.parametrize("mode", [PublishMode.SYNCHRONOUS, PublishMode.ASYNCHRONOUS])
async def test_an_answer_after_its_time_out_is_no_other_message_s(
    nats_server: NatsServer, js: JetStreamContext, mode: PublishMode, reuses: bool
) -> None:
    writer = client(None, mode=mode, ack_timeout_ms=500, reuses=reuses)
    async with prepared(plan(nats_server.url, writer)) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        with stopped(nats_server.pid):
            await until(lambda: ErrorClass.TIMEOUT in said(group))
        before = sum(tally.messages for tally in group.tallies())
        await until(lambda: sum(tally.messages for tally in group.tallies()) > before + 1000)
        await group.stop()
        _, result = await ended(group)
    assert errors(result) == {ErrorClass.TIMEOUT: result.attempted - result.messages}
    assert (await js.stream_info("S")).state.messages == result.attempted


@pytest.mark.parametrize("reuses", [False, True])
async def test_a_server_that_restarts_costs_what_was_in_flight_and_nothing_else(
    nats_server: NatsServer, js: JetStreamContext, reuses: bool
) -> None:
    """The load goes on by itself; what has no answer is an error, and may have been stored."""
    writer = client(None, mode=PublishMode.ASYNCHRONOUS, reuses=reuses)
    async with prepared(plan(nats_server.url, writer)) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        nats_server.kill()
        await asyncio.to_thread(nats_server.restart)
        before = sum(tally.messages for tally in group.tallies())
        await until(lambda: sum(tally.messages for tally in group.tallies()) > before + 1000)
        await group.stop()
        outcome, result = await ended(group)
    assert outcome is Outcome.STOPPED
    unknown = errors(result).get(ErrorClass.DISCONNECTED, 0)
    assert 0 < unknown <= 100, "the window"
    assert errors(result).keys() <= {
        ErrorClass.DISCONNECTED,
        ErrorClass.NO_RESPONDERS,
        ErrorClass.TIMEOUT,
    }
    async with jetstream(nats_server) as again:
        stored = (await again.stream_info("S")).state.messages
    assert result.messages <= stored <= result.messages + sum(errors(result).values())


async def test_a_server_that_stays_away_ends_the_load(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    brief = client(None).model_copy(update={"reconnect_ms": 300})
    async with prepared(plan(nats_server.url, brief)) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        nats_server.kill()
        outcome, result = await ended(group)
    assert outcome is Outcome.COMPLETED
    assert errors(result)[ErrorClass.CONNECT_FAILED] == 1


async def test_stop_waits_for_what_is_in_flight_and_loses_nothing(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    async with prepared(
        plan(nats_server.url, client(None, mode=PublishMode.ASYNCHRONOUS))
    ) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        await group.stop()
        outcome, result = await ended(group)
    assert (outcome, errors(result)) == (Outcome.STOPPED, {})
    assert result.messages == (await js.stream_info("S")).state.messages


CORE = CorePlan(
    operation=CoreOperation.PUBLISH, subject="c", payload_bytes=8_000, timeout_ms=60_000
)


@pytest.mark.parametrize(
    "writer",
    [
        pytest.param(client(None, mode=PublishMode.ASYNCHRONOUS), id="publish"),
        pytest.param(client(None).model_copy(update={"publish": None, "core": CORE}), id="core"),
    ],
)
async def test_all_that_a_stop_leaves_without_an_answer_is_counted(
    nats_server: NatsServer, js: JetStreamContext, writer: ClientPlan
) -> None:
    async with prepared(plan(nats_server.url, writer)) as group:
        start(group)
        await until(lambda: any(tally.messages for tally in group.tallies()))
        with stopped(nats_server.pid):
            await group.stop()
            outcome, result = await ended(group)
    assert outcome is Outcome.STOPPED
    assert (errors(result), result.unfinished) == ({}, result.attempted - result.messages)
    assert result.unfinished > 0


async def test_a_stop_before_the_start_runs_nothing(
    nats_server: NatsServer, js: JetStreamContext
) -> None:
    async with prepared(plan(nats_server.url, client(100))) as group:
        await group.stop()
        outcome, result = await ended(group)
    assert (outcome, result.messages) == (Outcome.STOPPED, 0)
    assert (await js.stream_info("S")).state.messages == 0
