"""nats-py with the login of a connection: for the control NATS and provisioning, never for load.

It corrects nats-py in these points. nats-py talks plain text to a server without TLS although TLS
is required, uses no TLS where the server makes it optional, hangs after a failed TLS handshake,
loses the error of a server that hangs up early, keeps using certificates that were renewed, and
closes for good when a JWT expires.
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

# Default timeout of a JetStream API request, the same as that of nats-py and the nats CLI.
API_TIMEOUT_S = 5.0
_CLOSE_S = 0.5
_CONNECT = b"CONNECT "
# The error of nats-py when the connection ends before INFO.
_NO_GREETING = "nats: empty response"

OnError = Callable[[Exception], Awaitable[None]]
OnChange = Callable[[], Awaitable[None]]


class UnusableLoginError(nats.errors.Error):
    """A LoginError (its cause) in a class that nats-py treats as a failed attempt."""


class _Transport(TcpTransport):
    """TCP that keeps the last error of a server that hangs up, and closes without waiting long.

    After a failed TLS handshake, nats-py would wait for the close forever.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._held = b""

    def write(self, payload: bytes) -> None:
        """Send CONNECT together with the PING that follows it.

        A server may reject a client before it reads either, as for a client certificate in TLS 1.3.
        The first write after that succeeds; a second one breaks the connection, and asyncio
        then drops the error that is still to be read.
        """
        if payload.startswith(_CONNECT):
            self._held = payload
            return
        self._put(self._held + payload)
        self._held = b""

    def _put(self, data: bytes) -> None:
        super().write(data)  # type: ignore[no-untyped-call]

    async def wait_closed(self) -> None:
        """Wait at most _CLOSE_S for the remaining data to be sent."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await super().wait_closed()  # type: ignore[no-untyped-call]


class _WebSocketTransport(_Transport):
    """The same over a websocket; the upgrade happens before the first line is read."""

    def __init__(self, url: str) -> None:
        super().__init__()
        from njst.login.websocket_protocol import WebSocket  # noqa: PLC0415 - its import is not cheap

        self._websocket = WebSocket(url)
        # Received bytes after the last line.
        self._received = b""

    def _put(self, data: bytes) -> None:
        # The last messages of a server that closed the websocket are still to be read.
        if not self._websocket.end:
            super()._put(self._websocket.frame(data))

    def writelines(self, payload: list[bytes]) -> None:
        """Send as one frame."""
        self.write(b"".join(payload))

    async def readline(self) -> bytes:
        """Return the next line, or an incomplete one at the end."""
        while b"\n" not in self._received and (data := await self._receive()):
            self._received += data
        line, newline, self._received = self._received.partition(b"\n")
        return line + newline

    async def read(self, buffer_size: int) -> bytes:  # noqa: ARG002 - a frame is read whole
        """Return the payload of the next frames, b"" at the end."""
        received, self._received = self._received, b""
        return received or await self._receive()

    async def _receive(self) -> bytes:
        websocket = self._websocket
        received = b""
        while not received:
            if websocket.out:
                super()._put(websocket.take_out())
            websocket.check()
            data = await super().read(DEFAULT_BUFFER_SIZE)
            if not data and websocket.is_open:
                break
            received = websocket.feed(data)
        return received

    def at_eof(self) -> bool:
        """Whether there is nothing more to read."""
        return not self._received and bool(super().at_eof())  # type: ignore[no-untyped-call]


class LoginClient(Client):
    """A client that reads the files of its login at each login."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        # The error of the last attempt to reconnect; empty while connected.
        self.trouble = ""
        self._contexts = TlsContexts(connection.tls)
        self._key: Key | None = None
        self._is_first_round = True

    @property
    def js_api(self) -> str:
        """The prefix of JetStream API subjects."""
        return self.connection.js_api

    def info(self, name: str) -> str:
        """Return a text in the INFO of the server, such as its `version`; empty: it has none."""
        return str(self._server_info.get(name) or "")

    @property
    def named_servers(self) -> list[str]:
        """The servers of the cluster, as `host:port`, in the INFO of the server."""
        found = self._server_info.get("connect_urls") or []
        return [url for url in found if isinstance(url, str)]

    @property
    def server_id(self) -> str:
        """The ID of the connected server, which changes each time the server starts."""
        return self.info("server_id")

    def jetstream(self, **options: Any) -> JetStreamContext:
        """Return the JetStream context with the domain or API prefix of the connection."""
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
        """Connect to the first server that answers, with one attempt each; reconnect from then on.

        Args:
            name: the connection name that servers show.
            wait_s: seconds between two attempts at the same server.
            on_error: called for each failed attempt, now and later.
            on_disconnect: called when the connection breaks.
            on_reconnect: called when it is restored.

        Raises:
            nats.errors.Error, OSError, TimeoutError, LoginError: the error of the last attempt.
        """
        connection = self.connection
        options: dict[str, Any] = {}
        if connection.tls.hostname:
            options["tls_hostname"] = connection.tls.hostname
        if key_of(connection) is not None:
            options |= {"signature_cb": self._sign, "user_jwt_cb": self._jwt}
            # nats-py sends a login only if it believes that one is configured.
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
            # nats-py treats the end of the connection instead of PONG as a success.
            raise ConnectionError(CLOSED)

    async def close(self) -> None:
        """Close, even if never connected."""
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
        """Sign with the current key; nats-py asks for its JWT right after that."""
        self._key = self._read_key()
        said = proof(self._key, nonce)
        self._public_nkey = said.get("nkey")
        self._user_jwt_cb = None if "nkey" in said else self._jwt
        return said["sig"].encode()

    def _jwt(self) -> bytes:
        assert self._key is not None
        return self._key.jwt.encode()

    def _setup_server_pool(self, connect_url: list[str]) -> None:
        """Add the servers that the cluster announced earlier, with the TLS name to expect."""
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
        # nats-py makes one attempt more than the smallest number it can be set to.
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
        """Log in, with advice if the server does not even send INFO.

        Raises:
            TimeoutError: no INFO in time; nats-py raises it without a message.
            ConnectionError: the server hung up before INFO.
        """
        self._server_info = {}
        try:
            await super()._process_connect_init()
        except TimeoutError:
            raise TimeoutError(self._with_advice(timed_out(self.connection))) from None
        except nats.errors.Error as error:
            if not str(error).startswith(_NO_GREETING):
                raise
            raise ConnectionError(self._with_advice(CLOSED)) from None

    def _with_advice(self, words: str) -> str:
        return or_no_greeting(words, self.connection, greeted=bool(self._server_info))

    async def _process_err(self, err_msg: str) -> None:
        """Log in again after any error that ends a connection, such as an expired JWT.

        nats-py would close for good, and a renewed Secret would not help.
        """
        if "permissions violation" in err_msg.lower() or not self.is_connected:
            await super()._process_err(err_msg)
            return
        words = err_msg.strip("' ")
        await self._process_op_err(nats.errors.Error(f"nats: {words}"))

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        """Handle INFO; the first one decides whether to upgrade to TLS.

        Raises:
            nats.errors.Error: TLS is required, and the server does not offer it.
        """
        if initial_connection and self.connection.wants_tls and not self.connection.is_tls_first:
            if not (info.get("tls_required") or info.get("tls_available")):
                raise nats.errors.Error(f"nats: {NO_TLS}")
            info["tls_required"] = True
        if not self.connection.discover:
            info.pop("connect_urls", None)
        await super()._process_info(info, initial_connection)
