"""Server URLs: schemes, default ports, and logins in URLs."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

# Schemes and their default ports; websockets have those of HTTP.
DEFAULT_PORTS = {"nats": 4222, "tls": 4222, "ws": 80, "wss": 443}


APART = "servers: a cluster is reached by ws://, by wss:// or by neither; all must have the same"


def has_websockets(servers: Sequence[str]) -> bool:
    """Whether servers are reached over websockets."""
    return any(server.startswith(("ws://", "wss://")) for server in servers)


def of_one_kind(servers: Sequence[str]) -> bool:
    """Whether servers are all ws://, all wss://, or neither."""
    return not has_websockets(servers) or len({s.partition("://")[0] for s in servers}) == 1


def _parsed(server: object) -> SplitResult:
    """Return the parts of a server's URL.

    Raises:
        ValueError: it is not the URL of a server; the message does not repeat it.
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
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
