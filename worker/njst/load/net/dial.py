"""One attempt at one server, which never blocks: name, connection, TLS, websocket, login.

An engine with many clients goes on while one of them waits for a slow or silent server. Only name
resolution can block; it runs in a thread, unless the host is an address already.
"""

import contextlib
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from njst.contract.connection import Connection
from njst.contract.results.tallies import ErrorClass
from njst.load.host.clock import now_ns
from njst.load.net.server_pool import PoolServer
from njst.load.net.socket_stream import SocketStream
from njst.load.net.tls_stream import TlsStream
from njst.load.net.websocket_stream import WebSocketStream
from njst.load.protocol.handshake import Handshake, HandshakeRefusedError, HandshakeStep, NoTlsError
from njst.load.protocol.parser import ProtocolError
from njst.load.protocol.server_info import ServerInfo
from njst.login.connect_errors import CLOSED, NO_TLS, failure_of, or_no_greeting, timed_out
from njst.login.connect_options import login_options
from njst.login.login_errors import LoginError
from njst.login.tls_context import TlsContexts

if TYPE_CHECKING:
    from njst.login.websocket_protocol import WebSocket

_VERSION = "0.1"
_CHUNK_BYTES = 64 * 1024
# The kernel gives up the connection of a vanished peer after about this long, whether something was
# sent (TCP_USER_TIMEOUT, in ms) or not (keep-alives).
_GONE_S = 10

NOTHING = 0
READ = select.EPOLLIN
WRITE = select.EPOLLOUT

# What a step waits for; NOTHING: check again at the next tick.
_Steps = Generator[int, None, SocketStream]
_Wait = Generator[int, None, None]


class ConnectError(Exception):
    """No connection: an error class for the tally, a CamelCase reason, and words."""

    def __init__(self, error_class: ErrorClass, reason: str, words: str) -> None:
        self.error_class = error_class
        self.reason = reason
        super().__init__(words)

    @property
    def is_refusal(self) -> bool:
        """Whether a server answered and refused this client."""
        return self.reason != "TargetUnreachable"

    @property
    def is_late(self) -> bool:
        """Whether the server timed the login out, so that another server may be quicker."""
        return self.reason == "TargetLoginLate"


@dataclass(frozen=True)
class DialSettings:
    """How to log in: the same for all clients of a process."""

    connection: Connection
    contexts: TlsContexts

    @classmethod
    def of(cls, connection: Connection) -> "DialSettings":
        return cls(connection, TlsContexts(connection.tls))


class Dial:
    """An attempt; `step` it whenever `socket` is ready for `wants`, and at each tick."""

    def __init__(self, server: PoolServer, settings: DialSettings, begin_ns: int) -> None:
        self.server = server
        self.begin_ns = begin_ns
        self.info: ServerInfo | None = None
        self.socket: socket.socket | None = None
        self.wants = NOTHING
        self._settings = settings
        self._connection = settings.connection
        self._end_ns = begin_ns + self._connection.connect_timeout_ms * 1_000_000
        self._websocket: WebSocket | None = None
        self._steps = self._run()

    def step(self, at_ns: int) -> SocketStream | None:
        """Go on as far as possible; return the stream once it is logged in.

        Raises:
            ConnectError: the server does not answer in time, or refuses; the socket is closed.
        """
        try:
            self.wants = next(self._steps)
            # Checked last: what the server has sent by now counts, however late it is read.
            if at_ns >= self._end_ns:
                raise TimeoutError(self._late())
        except StopIteration as done:
            stream: SocketStream = done.value
            return stream
        except (
            OSError,
            ProtocolError,
            HandshakeRefusedError,
            NoTlsError,
            LoginError,
            ValueError,
        ) as error:
            self.close()
            raise self._failure(error) from error
        return None

    def close(self) -> None:
        """Give up."""
        self._steps.close()
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.close()
            self.socket = None

    def _late(self) -> str:
        words = timed_out(self._connection)
        is_connected = self.socket is not None and self.wants == READ
        return self._or_mute(words) if is_connected else words

    def _or_mute(self, words: str) -> str:
        return or_no_greeting(words, self._connection, greeted=self.info is not None)

    def _failure(self, error: Exception) -> ConnectError:
        where, connection = self.server.url, self._connection
        if isinstance(error, NoTlsError):
            return ConnectError(ErrorClass.CONNECT_FAILED, "TargetTlsRefused", f"{where}: {NO_TLS}")
        refusal = failure_of(error, connection)
        if refusal is not None:
            error_class = (
                ErrorClass.PERMISSION_DENIED
                if isinstance(error, HandshakeRefusedError) and refusal.reason_suffix != "LoginLate"
                else ErrorClass.CONNECT_FAILED
            )
            return ConnectError(
                error_class, f"Target{refusal.reason_suffix}", f"{where}: {refusal.words}"
            )
        if isinstance(error, HandshakeRefusedError):
            return ConnectError(ErrorClass.CONNECT_FAILED, "TargetRefused", f"{where}: {error}")
        words = f"{where}: {error or 'no answer'}"
        return ConnectError(ErrorClass.CONNECT_FAILED, "TargetUnreachable", words)

    def _run(self) -> _Steps:
        yield from self._connect()
        assert self.socket is not None
        _tune(self.socket)
        connection = self._connection
        if connection.is_tls_first:
            yield from self._secure()
        greeting = (yield from self._upgrade()) if connection.is_websocket else b""
        handshake = Handshake(
            self._connect_options,
            wants_tls=connection.wants_tls,
            # Inside of a websocket there is no TLS, whatever a server behind a proxy says.
            is_secure=connection.is_tls_first or connection.is_websocket,
        )
        step = handshake.feed(greeting)
        while step is not HandshakeStep.DONE:
            self.info = handshake.info
            match step:
                case HandshakeStep.HEAR:
                    step = handshake.feed((yield from self._hear()))
                case HandshakeStep.SECURE:
                    yield from self._secure()
                    step = handshake.feed(b"")
                case HandshakeStep.SEND:
                    yield from self._send(handshake.out)
                    step = handshake.feed(b"")
        self.info = handshake.info
        return self._stream(self.socket, handshake.rest)

    def _stream(self, sock: socket.socket, received: bytes) -> SocketStream:
        stream = TlsStream(sock) if isinstance(sock, ssl.SSLSocket) else SocketStream(sock)
        if self._websocket is not None:
            stream = WebSocketStream(stream, self._websocket)
        stream.received = received
        return stream

    def _connect_options(self, info: ServerInfo) -> dict[str, object]:
        return {
            "verbose": False,
            "pedantic": False,
            "tls_required": isinstance(self.socket, ssl.SSLSocket),
            "lang": "python-njst",
            "version": _VERSION,
            "protocol": 1,
            "headers": True,
            "no_responders": True,
            "name": self._connection.name,
            **login_options(self._connection, info.nonce),
        }

    def _connect(self) -> _Wait:
        """Try each address of the host, each for its share of the time."""
        addresses = yield from self._addresses()
        error: OSError = OSError("the name has no address")
        for number, (family, where) in enumerate(addresses):
            begin_ns = now_ns()
            until_ns = begin_ns + (self._end_ns - begin_ns) // (len(addresses) - number)
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.socket.setblocking(False)
            try:
                yield from self._reach(self.socket, where, until_ns)
            except OSError as refused:
                error = refused
                self.socket.close()
                self.socket = None
            else:
                return
        raise error

    def _reach(self, sock: socket.socket, where: Any, until_ns: int) -> _Wait:
        with contextlib.suppress(BlockingIOError):
            sock.connect(where)
            return
        # A tick may come before the kernel has an answer: a peer is there only with one.
        while not _poll(sock, WRITE, 0.0):
            if now_ns() >= until_ns:
                raise TimeoutError(f"{where[0]} timed out")
            yield WRITE
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _addresses(self) -> Generator[int, None, list[tuple[int, Any]]]:
        host, port = self.server.host, self.server.port
        with contextlib.suppress(socket.gaierror):
            return _resolve(host, port, socket.AI_NUMERICHOST)
        answer = _Answer(lambda: _resolve(host, port, 0))
        while not answer.is_there:
            yield NOTHING
        return answer.get()

    def _secure(self) -> _Wait:
        assert self.socket is not None
        self.socket = sock = self._settings.contexts.get().wrap_socket(
            self.socket, server_hostname=self.server.certified, do_handshake_on_connect=False
        )
        while True:
            try:
                sock.do_handshake()
            except ssl.SSLWantReadError:
                yield READ
            except ssl.SSLWantWriteError:
                yield WRITE
            else:
                return

    def _upgrade(self) -> Generator[int, None, bytes]:
        """Upgrade the connection to a websocket; return the bytes that came behind that."""
        from njst.login.websocket_protocol import WebSocket  # noqa: PLC0415 - its import is not cheap

        websocket = WebSocket(self.server.url)
        yield from self._send(websocket.take_out())
        greeting = b""
        while not websocket.is_open:
            greeting = websocket.feed((yield from self._receive()))
        self._websocket = websocket
        return greeting

    def _send(self, data: bytes) -> _Wait:
        assert self.socket is not None
        view = memoryview(data)
        if self._websocket is not None:
            if self._websocket.end:
                return  # as below
            view = memoryview(self._websocket.frame(data))
        while view:
            try:
                view = view[self.socket.send(view) :]
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                yield READ | WRITE
            except (BrokenPipeError, ConnectionResetError):
                return  # what the server said before it hung up is to be read

    def _hear(self) -> Generator[int, None, bytes]:
        if self._websocket is not None:
            self._websocket.check()
        data = yield from self._receive()
        if not data:
            raise ConnectionError(self._or_mute(CLOSED))
        return data if self._websocket is None else self._websocket.feed(data)

    def _receive(self) -> Generator[int, None, bytes]:
        assert self.socket is not None
        while True:
            try:
                return self.socket.recv(_CHUNK_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                yield READ


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _GONE_S // 2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, _GONE_S // 4))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * _GONE_S)


def _poll(sock: socket.socket, wants: int, wait_s: float) -> bool:
    """Wait for a socket; select() knows no descriptors above 1,023."""
    poll = select.poll()
    poll.register(sock, wants)  # the bits are those of epoll
    return bool(poll.poll(1000 * wait_s))


def _resolve(host: str, port: int, flags: int) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, where) for family, _, _, _, where in found]


class _Answer:
    """The result of a blocking call in a thread of its own, which nothing waits for."""

    def __init__(self, call: Callable[[], list[tuple[int, Any]]]) -> None:
        self.is_there = False
        self._call = call
        self._value: list[tuple[int, Any]] = []
        self._error: OSError | None = None
        threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        try:
            self._value = self._call()
        except (OSError, UnicodeError) as error:
            self._error = error if isinstance(error, OSError) else OSError(str(error))
        self.is_there = True

    def get(self) -> list[tuple[int, Any]]:
        if self._error is not None:
            raise self._error
        return self._value
