"""A wire of known length and bandwidth between a client and a server on 127.0.0.1.

It adds a delay to each direction, limits what clients send, stalls, cuts, and tampers with
messages. A thread with a timer of microseconds: asyncio's loop counts in milliseconds, which is 1 %
of what is measured with it.
"""

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

from tests.nats.truth.bandwidth import Link
from tests.nats.truth.tampering import Tampering

LOOPBACK = "127.0.0.1"
# Nothing to do for so long: the loop looks again whatever it waits for.
_IDLE_NS = 1_000_000_000
_CHUNK_BYTES = 256 * 1024
# Closed with this, a socket resets the connection: what is on its way is gone.
_RESET = struct.pack("ii", 1, 0)


class _Pipe:
    """One direction of a connection: chunks, each held until its time."""

    def __init__(self, source: socket.socket, sink: socket.socket, link: Link) -> None:
        self.source = source
        self.sink = sink
        self.link = link
        self.tampering: Tampering | None = None
        self.chunks: deque[tuple[int, bytes]] = deque()
        self.blocked = False
        self.is_ended = False

    def take(self, delay_ns: int) -> None:
        """Read what has arrived; the end of the source is the end behind its last chunk."""
        try:
            data = self.source.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.is_ended = True
        elif self.tampering is not None:
            data = self.tampering.feed(data)
        for through_ns, piece in self.link.pieces(data, time.monotonic_ns()):
            self.chunks.append((through_ns + delay_ns, piece))

    def give(self, now_ns: int) -> None:
        """Send what is due, as far as the sink takes it."""
        self.blocked = False
        while self.chunks and self.chunks[0][0] <= now_ns:
            due_ns, data = self.chunks[0]
            try:
                sent = self.sink.send(data)
            except BlockingIOError:
                self.blocked = True
                return
            except OSError:
                self.chunks.clear()
                self.is_ended = True
                return
            if sent == len(data):
                self.chunks.popleft()
            else:
                self.chunks[0] = (due_ns, data[sent:])


class Proxy:
    """Forwards connections from `url` to a port; leave the `with` block to end it.

    All that changes it may be called from any thread and holds from then on.
    """

    def __init__(
        self,
        port: int,
        *,
        delay_ns: int = 0,
        bytes_per_s: int | None = None,
        tampering: Callable[[], Tampering] | None = None,
        tampering_up: Callable[[], Tampering] | None = None,
    ) -> None:
        """`tampering` is with what the server sends, `tampering_up` with what it gets.

        `bytes_per_s` is what all clients together may send; None: there is no limit.
        """
        self._port = port
        self._delay_ns = delay_ns
        self._up, self._down = Link(bytes_per_s), Link()
        self._make_tampering = (tampering_up, tampering)
        self.tamperings: list[Tampering] = []
        self._until_ns = 0
        self._is_stopped = False
        self._pipes: dict[int, _Pipe] = {}
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.setblocking(False)
        self._wake_in, self._wake_out = os.pipe()
        self._commands: deque[Callable[[], None]] = deque()
        self._is_closing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="proxy")

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self._listener.getsockname()[1]}"

    def delay(self, delay_ns: int) -> None:
        """Hold what arrives from now on for so long, in each direction."""
        self._do(lambda: setattr(self, "_delay_ns", delay_ns))

    def limit(self, bytes_per_s: int | None) -> None:
        """Let all clients together send so many bytes a second; None: there is no limit."""
        self._do(lambda: setattr(self._up, "bytes_per_s", bytes_per_s))

    def stall(self, length_ns: int) -> None:
        """Forward nothing for so long, then everything at once."""
        self._do(lambda: setattr(self, "_until_ns", time.monotonic_ns() + length_ns))

    def stop_forwarding(self) -> None:
        """Forward nothing more, for ever; connections stay."""
        self._do(lambda: setattr(self, "_is_stopped", True))

    def cut(self) -> None:
        """Reset all connections; what is on its way is lost. New ones are taken."""
        self._do(self._cut)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        self._wake()
        self._thread.join()
        self._cut()
        self._listener.close()
        os.close(self._wake_in)
        os.close(self._wake_out)
        if self._error is not None:
            raise self._error

    def _do(self, command: Callable[[], None]) -> None:
        done = threading.Event()
        self._commands += [command, done.set]
        self._wake()
        assert done.wait(60), "the proxy's thread is gone"

    def _wake(self) -> None:
        os.write(self._wake_out, b"x")

    def _run(self) -> None:
        try:
            with select.epoll() as poll:
                poll.register(self._listener.fileno(), select.EPOLLIN)
                poll.register(self._wake_in, select.EPOLLIN)
                while not self._is_closing:
                    self._next_request(poll)
        except BaseException as error:  # noqa: BLE001 - raised again where the proxy ends
            self._error = error

    def _next_request(self, poll: select.epoll) -> None:
        wait_ns = self._next_ns() - time.monotonic_ns()
        if wait_ns > 0:
            # epoll counts in ms; select, on the descriptor of epoll itself, in us.
            select.select([poll.fileno()], [], [], wait_ns / 1e9)
        for number, _ in poll.poll(0):
            if number == self._wake_in:
                os.read(number, 65_536)
                while self._commands:
                    self._commands.popleft()()
            elif number == self._listener.fileno():
                self._accept(poll)
            elif number in self._pipes:
                self._pipes[number].take(self._delay_ns)
        now_ns = time.monotonic_ns()
        for number, pipe in list(self._pipes.items()):
            if not self._is_stopped and now_ns >= self._until_ns:
                pipe.give(now_ns)
            self._watch(poll, number, pipe)

    def _next_ns(self) -> int:
        """Return when the next chunk is due."""
        due = [
            pipe.chunks[0][0] for pipe in self._pipes.values() if pipe.chunks and not pipe.blocked
        ]
        if not due or self._is_stopped:
            return time.monotonic_ns() + _IDLE_NS
        return max(min(due), self._until_ns)

    def _watch(self, poll: select.epoll, number: int, pipe: _Pipe) -> None:
        """Wait for what the pipe waits for; end the connection when one side of it has ended."""
        if pipe.is_ended and not pipe.chunks:
            self._end(pipe)
            return
        with contextlib.suppress(OSError, ValueError):
            poll.modify(number, 0 if pipe.is_ended else select.EPOLLIN)
            other = self._pipes.get(pipe.sink.fileno())
            if pipe.blocked and other is not None:
                mask = select.EPOLLOUT if other.is_ended else select.EPOLLIN | select.EPOLLOUT
                poll.modify(pipe.sink.fileno(), mask)

    def _accept(self, poll: select.epoll) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection((LOOPBACK, self._port), 60)
        except OSError:
            client.close()
            return
        for side in (client, server):
            side.setblocking(False)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(side.fileno(), select.EPOLLIN)
        up, down = _Pipe(client, server, self._up), _Pipe(server, client, self._down)
        for pipe, make in zip((up, down), self._make_tampering, strict=True):
            if make is not None:
                pipe.tampering = make()
                self.tamperings.append(pipe.tampering)
        self._pipes[client.fileno()] = up
        self._pipes[server.fileno()] = down

    def _end(self, pipe: _Pipe) -> None:
        for side in (pipe.source, pipe.sink):
            self._pipes.pop(side.fileno(), None)
            side.close()

    def _cut(self) -> None:
        for pipe in list(self._pipes.values()):
            with contextlib.suppress(OSError):
                pipe.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            pipe.source.close()
        self._pipes.clear()
