"""How to reach a NATS server and log in: resolved from flags or a context, never in the log.

It may have secrets, so it stays on its host, between agent and load processes. It has paths of
files, not their content, which may be renewed while a worker runs. No secret is in a repr or an
error.
"""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from njst.contract.model import Message
from njst.contract.server_urls import (
    APART,
    _login,
    _parsed,
    _without_login,
    has_websockets,
    of_one_kind,
)

API_PREFIX = "$JS.API"


class Tls(Message):
    """TLS settings. If any is set, TLS is required, as with tls:// and wss://.

    `hostname` is the required name in the server's certificate; empty: the host of its URL.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    first: bool = False
    hostname: str = ""

    @property
    def is_set(self) -> bool:
        """Whether any setting requires TLS."""
        return bool(self.ca_file or self.cert_file or self.first or self.hostname)


class Connection(Message):
    """Servers and a login; the first server that answers is used.

    A login in a URL is removed from it, so that servers can be shown; it takes precedence over
    `user` and `token`, as in other clients. `jwt` and `seed` are the content of a `creds_file`; a
    `seed` alone is the content of an `nkey_seed_file`.
    """

    # Pydantic would show a rejected value, which may be a password.
    model_config = ConfigDict(hide_input_in_errors=True)

    servers: list[str] = Field(min_length=1)
    user: str = ""
    password: str = Field("", repr=False)
    token: str = Field("", repr=False)
    jwt: str = Field("", repr=False)
    seed: str = Field("", repr=False)
    creds_file: str = ""
    nkey_seed_file: str = ""
    tls: Tls = Tls()
    # Whether servers that the cluster announces are used to reconnect.
    discover: bool = True
    # Servers that the cluster announced before, as `host:port`: tried after `servers`.
    found: list[str] = Field(default_factory=list)
    domain: str = ""
    api_prefix: str = ""
    name: str = "njst"
    inbox_prefix: str = "_INBOX"
    connect_timeout_ms: int = 5_000

    @property
    def wants_tls(self) -> bool:
        """Whether TLS is required."""
        return self.tls.is_set or any(s.startswith(("tls://", "wss://")) for s in self.servers)

    @property
    def is_websocket(self) -> bool:
        """Whether all servers are reached over websockets."""
        return has_websockets(self.servers)

    @property
    def is_tls_first(self) -> bool:
        """Whether the TLS handshake comes before INFO, as with wss://."""
        return self.tls.first or (self.is_websocket and self.wants_tls)

    @property
    def js_api(self) -> str:
        """Prefix of JetStream API subjects (ADR-19 for domains)."""
        return f"$JS.{self.domain}.API" if self.domain else self.api_prefix or API_PREFIX

    def knowing(self, found: Sequence[str]) -> "Connection":
        """Return the connection with servers that the cluster announced, as `host:port`."""
        return self.model_copy(update={"found": list(found)}) if found else self

    @model_validator(mode="before")
    @classmethod
    def _take_login_out(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("servers"), list | tuple):
            return data
        servers = [_parsed(server) for server in data["servers"]]
        logins = {parts.netloc.rpartition("@")[0] for parts in servers if "@" in parts.netloc}
        if len(logins) > 1:
            raise ValueError("servers have different logins in their URLs; all must have the same")
        bare = [_without_login(text) for text in data["servers"]]
        return {**data, "servers": bare, **(_login(logins.pop()) if logins else {})}

    @model_validator(mode="after")
    def _check_websockets(self) -> Self:
        if not of_one_kind(self.servers):
            raise ValueError(APART)
        if self.servers[0].startswith("ws://") and self.wants_tls:
            raise ValueError("servers: ws:// has no TLS, and a TLS option is set; use wss://")
        return self
