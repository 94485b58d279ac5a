"""nats-py with a connection's login: for the control NATS and the set-up, never for load.

What nats-py does not do by itself: it would speak in the clear to a server without TLS although TLS
is wanted, use none where the server leaves it open, hang after a TLS handshake that failed, miss
what a server says that hangs up early, keep certificates that were renewed, and end for good when a
JWT expires.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.client import DEFAULT_BUFFER_SIZE, Client, Srv
from nats.aio.transport import TcpTransport
from nats.js import JetStreamContext

from njst.contract.connection import Connection
from njst.contract.server_urls import DEFAULT_PORTS, is_ip
from njst.login.connect_errors import CLOSED, NO_TLS, or_no_greeting, timed_out
from njst.login.credentials import Key, key_of, proof
from njst.login.login_errors import LoginError
from njst.login.tls_context import TlsContexts

# How long one answer of JetStream's API is waited for, where nothing says how patient to be: what
# nats-py and the nats CLI wait too, so that all three give up on the same server.
API_TIMEOUT_S = 5.0
_CLOSE_S = 0.5
_CONNECT = b"CONNECT "
# How nats-py says that the connection ended instead of INFO.
_NO_GREETING = "nats: empty response"

OnError = Callable[[Exception], Awaitable[None]]
OnChange = Callable[[], Awaitable[None]]


class UnusableLoginError(nats.errors.Error):
    """A LoginError in a class that nats-py takes for a failed attempt; its cause says what."""


class _Transport(TcpTransport):
    """TCP that loses no words of a server that hangs up, and whose end is not waited for.

    After a TLS handshake that failed the end would never come.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._held = b""

    def write(self, payload: bytes) -> None:
        """Send CONNECT together with the PING behind it.

        A server may refuse before it hears either: under TLS 1.3 it does so by its view of the
        client certificate. The first write after that goes through, a second one breaks the
        connection, and asyncio then drops what was still to be read.
        """
        if payload.startswith(_CONNECT):
            self._held = payload
            return
        self._put(self._held + payload)
        self._held = b""

    def _put(self, data: bytes) -> None:
        super().write(data)  # type: ignore[no-untyped-call]

    async def wait_closed(self) -> None:
        """Wait a moment for what is still to be sent."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await super().wait_closed()  # type: ignore[no-untyped-call]


class _WebSocketTransport(_Transport):
    """The same over a websocket, which is asked for before the first line is read."""

    def __init__(self, url: str) -> None:
        super().__init__()
        from njst.login.websocket_protocol import WebSocket  # noqa: PLC0415 - its import is not cheap

        self._websocket = WebSocket(url)
        # What was heard behind a line.
        self._heard = b""

    def _put(self, data: bytes) -> None:
        # What the server said before it closed the websocket is to be read; the end comes behind.
        if not self._websocket.end:
            super()._put(self._websocket.frame(data))

    def writelines(self, payload: list[bytes]) -> None:
        """Send as one frame."""
        self.write(b"".join(payload))

    async def readline(self) -> bytes:
        """Return the next line, what there is of it at the end."""
        while b"\n" not in self._heard and (data := await self._hear()):
            self._heard += data
        line, newline, self._heard = self._heard.partition(b"\n")
        return line + newline

    async def read(self, buffer_size: int) -> bytes:  # noqa: ARG002 - frames are as they are
        """Return what is in the next frames, b"" at the end."""
        heard, self._heard = self._heard, b""
        return heard or await self._hear()

    async def _hear(self) -> bytes:
        websocket = self._websocket
        heard = b""
        while not heard:
            if websocket.out:
                super()._put(websocket.take_out())
            websocket.check()
            data = await super().read(DEFAULT_BUFFER_SIZE)
            if not data and websocket.is_open:
                break
            heard = websocket.feed(data)
        return heard

    def at_eof(self) -> bool:
        """Whether nothing more is to be read."""
        return not self._heard and bool(super().at_eof())  # type: ignore[no-untyped-call]


class LoginClient(Client):
    """A client whose files are read anew at each login."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        # What the last attempt to reconnect was told; empty while all is well.
        self.trouble = ""
        self._contexts = TlsContexts(connection.tls)
        self._key: Key | None = None
        self._is_first_round = True

    @property
    def js_api(self) -> str:
        """What JetStream's API subjects begin with."""
        return self.connection.js_api

    @property
    def server_id(self) -> str:
        """The id of the server that this is connected to: a new one at each of its starts."""
        return str(self._server_info.get("server_id", ""))

    def jetstream(self, **options: Any) -> JetStreamContext:
        """Return JetStream as this connection reaches it: its domain or prefix, if it has one."""
        return super().jetstream(prefix=self.js_api, **options)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """Return the context of the login that begins now."""
        try:
            return self._contexts.get()
        except LoginError as error:
            raise UnusableLoginError(str(error)) from error

    async def log_in(
        self,
        *,
        name: str,
        wait_s: float,
        on_error: OnError,
        on_disconnect: OnChange | None = None,
        on_reconnect: OnChange | None = None,
    ) -> None:
        """Connect to the first server that answers, each is asked once; from then on reconnect.

        Args:
            name: shown by the server.
            wait_s: how long to wait between two attempts at one server.
            on_error: told of each failed attempt, now and later.
            on_disconnect: told of a break.
            on_reconnect: told of its end.

        Raises:
            nats.errors.Error, OSError, TimeoutError, LoginError: what the last attempt said.
        """
        connection = self.connection
        options: dict[str, Any] = {}
        if connection.tls.hostname:
            options["tls_hostname"] = connection.tls.hostname
        if key_of(connection) is not None:
            options |= {"signature_cb": self._sign, "user_jwt_cb": self._jwt}
            # nats-py logs in only where it thinks that it has something to log in with.
            self._auth_configured = True
        await self.connect(
            servers=list(connection.servers),
            user=connection.user or None,
            password=connection.password if connection.user else None,
            token=connection.token or None,
            tls_handshake_first=connection.is_tls_first,
            name=name,
            inbox_prefix=connection.inbox_prefix.encode(),
            connect_timeout=connection.connect_timeout_ms / 1000,  # type: ignore[arg-type]
            max_reconnect_attempts=1,
            reconnect_time_wait=wait_s,  # type: ignore[arg-type]
            dont_randomize=True,
            error_cb=on_error,
            disconnected_cb=on_disconnect,
            reconnected_cb=on_reconnect,
            **options,
        )

        self._is_first_round = False
        for server in self._server_pool:
            server.reconnects = 0
        self.options["max_reconnect_attempts"] = -1
        if not self.is_connected:
            # nats-py takes an end of the connection instead of PONG for a success.
            raise ConnectionError(CLOSED)

    async def close(self) -> None:
        """Close, also what was never begun."""
        if self._flush_queue is not None:
            await super().close()

    def _read_key(self) -> Key:
        try:
            key = key_of(self.connection)
        except LoginError as error:
            raise UnusableLoginError(str(error)) from error
        assert key is not None
        return key

    def _sign(self, nonce: str) -> bytes:
        """Sign with the key as it is now; CONNECT asks for its JWT right after that."""
        self._key = self._read_key()
        said = proof(self._key, nonce)
        self._public_nkey = said.get("nkey")
        self._user_jwt_cb = None if "nkey" in said else self._jwt
        return said["sig"].encode()

    def _jwt(self) -> bytes:
        assert self._key is not None
        return self._key.jwt.encode()

    def _setup_server_pool(self, connect_url: list[str]) -> None:
        """Know also the servers that the cluster has named before, and by which certificate."""
        super()._setup_server_pool(connect_url)
        if not self.connection.discover:
            return
        first = self._server_pool[0].uri
        known = {server.uri.netloc for server in self._server_pool}
        for place in dict.fromkeys(self.connection.found):
            if place not in known:
                uri = self._parse_server_uri(f"{first.scheme}://{place}")
                server = Srv(uri, discovered=True)
                if is_ip(uri.hostname or ""):
                    server.tls_name = first.hostname
                self._server_pool.append(server)

    async def _connect_to_server(self, s: Any) -> None:
        """Open a connection."""
        s.last_attempt = time.monotonic()
        # nats-py allows one attempt more than its least number of them.
        s.reconnects += self._is_first_round
        self._transport = _Transport()
        if self.connection.is_websocket:
            # nats-py knows no port of a websocket, and takes what it discovers for no websocket.
            scheme = self.connection.servers[0].partition("://")[0]
            place = s.uri.netloc if s.uri.port else f"{s.uri.netloc}:{DEFAULT_PORTS[scheme]}"
            s.uri = s.uri._replace(scheme=scheme, netloc=place)
            self._transport = _WebSocketTransport(s.uri.geturl())
        await self._transport.connect(
            s.uri, buffer_size=DEFAULT_BUFFER_SIZE, connect_timeout=self.options["connect_timeout"]
        )

    async def _process_connect_init(self) -> None:
        """Log in; say what may be the matter with a server that does not even greet.

        Raises:
            TimeoutError: with words, which nats-py has none for.
            ConnectionError: it hung up instead, as it does when it loses patience first.
        """
        self._server_info = {}
        try:
            await super()._process_connect_init()
        except TimeoutError:
            raise TimeoutError(self._or_mute(timed_out(self.connection))) from None
        except nats.errors.Error as error:
            if not str(error).startswith(_NO_GREETING):
                raise
            raise ConnectionError(self._or_mute(CLOSED)) from None

    def _or_mute(self, words: str) -> str:
        return or_no_greeting(words, self.connection, greeted=bool(self._server_info))

    async def _process_err(self, err_msg: str) -> None:
        """Log in again after whatever ends a connection, such as a JWT that expires.

        nats-py would close for good, and a renewed Secret would help nobody.
        """
        if "permissions violation" in err_msg.lower() or not self.is_connected:
            await super()._process_err(err_msg)
            return
        words = err_msg.strip("' ")
        await self._process_op_err(nats.errors.Error(f"nats: {words}"))

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        """Take INFO; the first one says whether this goes on under TLS.

        Raises:
            nats.errors.Error: TLS is wanted, and the server offers none.
        """
        if initial_connection and self.connection.wants_tls and not self.connection.is_tls_first:
            if not (info.get("tls_required") or info.get("tls_available")):
                raise nats.errors.Error(f"nats: {NO_TLS}")
            info["tls_required"] = True
        if not self.connection.discover:
            info.pop("connect_urls", None)
        await super()._process_info(info, initial_connection)
