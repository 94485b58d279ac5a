"""The loop of a load process: many clients, one thread, one selector."""

import contextlib
import heapq
import itertools
import select
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from njst.contract.plan import Consumption, LoadPlan, Receipt
from njst.contract.results.tallies import WorkloadTally
from njst.contract.results.windows import ParticipantWindow
from njst.load.host.clock import now_ns, wall_ms
from njst.load.load_client import StartTime
from njst.load.net.dial import DialSettings
from njst.load.net.server_pool import ServerPool
from njst.load.recording.shared_records import SharedRecords
from njst.load.runtime.client_connection import BLOCKED_NS, ClientConnection

TICK_NS = 50_000_000
SECOND_NS = 1_000_000_000
# How long a stopped client waits for what is in flight.
DRAIN_NS = 2_000_000_000
# First logins at once: enough for a slow line, few enough for a server to answer each in time.
LOGINS = 64


@dataclass(frozen=True)
class Hooks:
    """Callbacks of the loop: for commands, each second, and when a workload's last client ends.

    `on_control` is called when the descriptor of commands is readable; it may call `begin` and
    `stop`.
    """

    on_control: Callable[[], None]
    on_second: Callable[[], None]
    on_done: Callable[[str], None]


class Engine:
    """Runs the clients of one process."""

    def __init__(self, plan: LoadPlan) -> None:
        self._shared = SharedRecords(plan.job, wall_ms)
        settings, self._servers = DialSettings.of(plan.connection), ServerPool(plan.connection)
        self._clients = [
            ClientConnection(client, settings, self._servers, self._shared)
            for client in plan.clients
        ]
        # epoll itself: selectors would make objects for each event, which costs a closed loop of
        # small messages something.
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, ClientConnection] = {}
        self._watched: dict[ClientConnection, tuple[socket.socket | select.epoll, int, int]] = {}
        self._due: list[tuple[int, int]] = []
        self._left = Counter(client.workload for client in plan.clients)
        self._drain_until_ns = 0
        # When the current second of the series ends.
        self._second_ns = 0
        # The seconds that have ended and were not taken yet, and the number of the current one.
        self._windows: list[ParticipantWindow] = []
        self._second = 0

    def connect(self) -> None:
        """Connect all clients, many at a time.

        Raises:
            ConnectError: the first client that cannot connect.
        """
        waiting = iter(self._clients)
        dialling: list[ClientConnection] = []
        tick_ns = 0
        while True:
            for client in itertools.islice(waiting, LOGINS - len(dialling)):
                client.begin_login(now_ns())
                dialling.append(client)
                tick_ns = 0
            if not dialling:
                return
            ready = self._epoll.poll(TICK_NS / 1e9 if tick_ns else 0)
            served = {self._by_descriptor[descriptor] for descriptor, _ in ready}
            if (now := now_ns()) >= tick_ns:
                tick_ns = now + TICK_NS
                served = set(dialling)
            done = {client for client in served if self._log_in(client)}
            dialling = [client for client in dialling if client not in done]

    def _log_in(self, client: ClientConnection) -> bool:
        """Continue a first login; return whether it is done, and not watched any more."""
        is_done = client.log_in(now_ns())
        if not is_done:
            self._watch(client)
        elif client in self._watched:
            self._forget(client, self._watched[client][2])
        return is_done

    def tallies(self, *, series: bool = False) -> list[WorkloadTally]:
        """Return the counts so far, for each workload."""
        now = now_ns()
        unfinished: Counter[str] = Counter()
        for client in self._clients:
            unfinished[client.plan.workload] += client.load_client.unfinished
        return [
            recorder.tally(now, unfinished[name], series=series)
            for name, recorder in self._shared.recorders.items()
        ]

    def take_windows(self) -> list[ParticipantWindow]:
        """Return the windows of the seconds that have ended since the last call."""
        windows, self._windows = self._windows, []
        return windows

    def receipts(self) -> list[Receipt]:
        """Return the receipts of each producer."""
        return [receipts.receipt() for receipts in self._shared.receipts]

    def consumption(self) -> list[Consumption]:
        """Return what was consumed of streams that delete it."""
        return self._shared.consumption()

    def found(self) -> list[str]:
        """Return the discovered servers of the target's cluster, as `host:port`."""
        return self._servers.found

    def blocked_ns(self) -> int:
        """Return the longest time that the kernel took no bytes of a client."""
        now = now_ns()
        return max((client.blocked_ns(now) for client in self._clients), default=0)

    def stop(self) -> None:
        """Send nothing new; wait a bounded time for what is in flight."""
        now = now_ns()
        for client in self._clients:
            client.stop()
        for recorder in self._shared.recorders.values():
            recorder.stop(now)
        self._drain_until_ns = now + DRAIN_NS

    def begin(self, workload: str, start: StartTime) -> None:
        """Let the clients of a gated workload begin."""
        for number, client in enumerate(self._clients):
            if client.plan.workload == workload and not client.begun:
                heapq.heappush(self._due, (client.await_start(start), number))

    def run(self, start: StartTime, control: int, hooks: Hooks) -> None:
        """Run from the start, which is now, until all clients are done.

        Args:
            start: the common start.
            control: a readable file descriptor of commands.
            hooks: callbacks.
        """
        self._epoll.register(control, select.EPOLLIN)
        self._second_ns = start.at_ns + SECOND_NS
        tick_ns = 0
        active: Sequence[ClientConnection] = self._clients
        now = now_ns()
        for number, client in enumerate(active):
            self._watch(client)
            if not client.plan.is_gated:
                heapq.heappush(self._due, (client.await_start(start), number))
        while active:
            for descriptor, mask in self._wait(active, now, min(tick_ns, self._second_ns)):
                if descriptor == control:
                    hooks.on_control()
                else:
                    now = now_ns()
                    self._roll_until(now, hooks.on_second)
                    self._serve(self._by_descriptor[descriptor], mask, now)
            now = now_ns()
            self._roll_until(now, hooks.on_second)
            self._serve_due(now)
            if now >= tick_ns:
                tick_ns = now + TICK_NS
                active = self._tick(active, now, hooks.on_done)
        self._roll()

    def _wait(
        self, active: Sequence[ClientConnection], now: int, until_ns: int
    ) -> Sequence[tuple[int, int]]:
        """Return what is readable or writable; wait until something is, or is due."""
        if len(active) == 1 and self._goes_on_alone(active[0], until_ns):
            self._watch(active[0])
            return self._epoll.poll(0)
        wait_ns = TICK_NS
        if self._due:
            wait_ns = min(wait_ns, self._due[0][0] - now)
        if wait_ns == TICK_NS:
            return self._epoll.poll(TICK_NS / 1e9)
        if wait_ns > 0:
            # epoll counts in ms; select, on the descriptor of epoll itself, in us.
            select.select([self._epoll.fileno()], [], [], wait_ns / 1e9)
        return self._epoll.poll(0)

    def _goes_on_alone(self, client: ClientConnection, until_ns: int) -> bool:
        if self._due:
            return client.keep_pace(until_ns, self._epoll.fileno())
        return client.run_closed_loop(until_ns)

    def _roll_until(self, now: int, on_second: Callable[[], None]) -> None:
        """Close the seconds that have ended, before the next one is counted."""
        while now >= self._second_ns:
            self._second_ns += SECOND_NS
            self._roll()
            if now < self._second_ns:
                on_second()

    def _roll(self) -> None:
        workloads = [recorder.roll() for recorder in self._shared.recorders.values()]
        self._windows.append(
            ParticipantWindow(
                at_s=self._second, workloads=[one for one in workloads if not one.is_empty]
            )
        )
        self._second += 1

    def _schedule(self, number: int, client: ClientConnection, now: int) -> None:
        due = client.load_client.due_ns()
        if due is not None:
            heapq.heappush(self._due, (due if due > now else now + BLOCKED_NS, number))

    def _serve_due(self, now: int) -> None:
        while self._due and self._due[0][0] <= now:
            _, number = heapq.heappop(self._due)
            client = self._clients[number]
            if client.done:
                continue
            again_ns = None if client.begun else client.wake()
            client.write(now)
            self._watch(client)
            if again_ns is None:
                self._schedule(number, client, now)
            else:
                heapq.heappush(self._due, (again_ns, number))

    def _serve(self, client: ClientConnection, mask: int, now: int) -> None:
        # Reading also tells what is wrong with a connection.
        if mask & ~select.EPOLLOUT and client.read(now):
            return
        # A new clock reading: handling the answer is no part of the next latency.
        client.write(now_ns())
        if client.stream is None:
            client.keep_connected(now)
        self._watch(client)

    def _tick(
        self, active: Sequence[ClientConnection], now: int, on_done: Callable[[str], None]
    ) -> list[ClientConnection]:
        """Let each client check its deadlines; return those that are not done."""
        for client in active:
            client.on_time(now)
            if self._drain_until_ns and now >= self._drain_until_ns and not client.done:
                client.abandon(now)
            client.write(now)
            self._watch(client)
        return [client for client in active if not self._retire(client, now, on_done)]

    def _retire(self, client: ClientConnection, now: int, on_done: Callable[[str], None]) -> bool:
        if not client.done:
            return False
        client.close(now)
        self._watch(client)
        workload = client.plan.workload
        self._left[workload] -= 1
        if not self._left[workload]:
            client.load_client.recorder.close(now)
            on_done(workload)
        return True

    def _watch(self, client: ClientConnection) -> None:
        """Tell epoll what a client waits for.

        Called before another client is served, which might get a descriptor that this one closed.
        """
        stream = client.stream
        sock: socket.socket | select.epoll | None
        sock = client.dialling if stream is None else stream.socket
        mask = client.wants
        known = self._watched.get(client)
        if known is not None:
            if known[0] is sock and known[1] == mask:
                return
            if known[0] is not sock:
                self._forget(client, known[2])
                known = None
        if sock is None:
            return
        descriptor = sock.fileno()
        if known is None:
            self._epoll.register(descriptor, mask)
            self._by_descriptor[descriptor] = client
        else:
            self._epoll.modify(descriptor, mask)
        self._watched[client] = (sock, mask, descriptor)

    def _forget(self, client: ClientConnection, descriptor: int) -> None:
        # The kernel has forgotten a closed connection.
        with contextlib.suppress(OSError):
            self._epoll.unregister(descriptor)
        del self._watched[client]
        del self._by_descriptor[descriptor]
