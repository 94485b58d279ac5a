"""How to reach a NATS and how to log in: resolved from flags or a context, never in the log.

It may hold secrets, so it stays on its host: agent to load process, no further. Files are named,
not read: what they hold may be renewed while a worker runs. No secret shows in a repr or an error.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import ConfigDict, Field, model_validator

from njst.contract.model import Message

# The schemes of a server, and the port that each means without one; of websockets those of HTTP.
DEFAULT_PORTS = {"nats": 4222, "tls": 4222, "ws": 80, "wss": 443}
API_PREFIX = "$JS.API"
APART = "servers: a cluster is reached by ws://, by wss:// or by neither; all must have the same"


class Tls(Message):
    """TLS to a server. Whatever is set here makes TLS a must, as tls:// and wss:// do.

    `hostname` is the name that the server's certificate must have; empty: the one in its URL.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    first: bool = False
    hostname: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything here asks for TLS."""
        return bool(self.ca_file or self.cert_file or self.first or self.hostname)


class Connection(Message):
    """A NATS and a login; the first server that answers is used.

    A login in a URL is taken out of it, so that servers can be shown; it wins over `user` and
    `token`, as in other clients. `jwt` and `seed` are what a `creds_file` holds; a `seed` alone is
    what an `nkey_seed_file` holds.
    """

    # Pydantic would show what it refuses, and that may be a password.
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
    # Whether servers that a server names are used after a break.
    discover: bool = True
    # Servers of the same cluster that it has named before, as `host:port`: tried after `servers`.
    found: list[str] = Field(default_factory=list)
    domain: str = ""
    api_prefix: str = ""
    name: str = "njst"
    inbox_prefix: str = "_INBOX"
    connect_timeout_ms: int = 5_000

    @property
    def wants_tls(self) -> bool:
        """Whether no server may be spoken to in the clear."""
        return self.tls.is_set or any(s.startswith(("tls://", "wss://")) for s in self.servers)

    @property
    def is_websocket(self) -> bool:
        """Whether NATS is spoken in the frames of a websocket, to all servers."""
        return has_websockets(self.servers)

    @property
    def is_tls_first(self) -> bool:
        """Whether TLS comes before all else, as it does where a websocket has it."""
        return self.tls.first or (self.is_websocket and self.wants_tls)

    @property
    def js_api(self) -> str:
        """What JetStream's API subjects begin with (ADR-19 for domains)."""
        return f"$JS.{self.domain}.API" if self.domain else self.api_prefix or API_PREFIX

    def knowing(self, found: Sequence[str]) -> "Connection":
        """Return the connection with servers that its cluster has named, as `host:port`."""
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


def has_websockets(servers: Sequence[str]) -> bool:
    """Whether servers are reached over websockets."""
    return any(server.startswith(("ws://", "wss://")) for server in servers)


def of_one_kind(servers: Sequence[str]) -> bool:
    """Whether servers are all ws://, all wss://, or neither."""
    return not has_websockets(servers) or len({s.partition("://")[0] for s in servers}) == 1


def _parsed(server: object) -> SplitResult:
    """Return a server's parts.

    Raises:
        ValueError: it is no URL of a server; the words do not repeat it.
    """
    text = str(server)
    try:
        parts = urlsplit(text if "://" in text else f"nats://{text}")
        is_server = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
        is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    except ValueError:
        is_server = is_bare = False
    if not is_server or not is_bare:
        raise ValueError(
            "a server must be nats://host:port, or tls://, ws:// or wss://; in a login, %-escape"
            " /, ?, #, @"
        ) from None
    return parts


def _without_login(server: str) -> str:
    scheme, separator, rest = server.rpartition("://")
    return f"{scheme.lower()}{separator}{rest.rpartition('@')[2]}"


def _login(text: str) -> dict[str, str]:
    """Return the fields of a URL's login; a user without a password is a token."""
    user, separator, password = text.partition(":")
    if separator:
        return {"user": unquote(user), "password": unquote(password), "token": ""}
    return {"user": "", "password": "", "token": unquote(user)}


def address(server: str) -> tuple[str, int]:
    """Return host and port of a server of a connection."""
    parts = _parsed(server)
    return parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def is_ip(host: str) -> bool:
    """Whether a host is named by its address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
