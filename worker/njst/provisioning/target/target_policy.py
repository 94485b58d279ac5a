"""From a target's name to a connection: NATS contexts, plain servers, and the allow-list.

A spec never has credentials; they are in context files, in the format of the `nats` CLI, that an
administrator mounts into the workers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.contract.server_urls import address
from njst.contract.spec.target import Target
from njst.login.login_errors import LoginError
from njst.login.nats_context import read_context


@dataclass(frozen=True)
class TargetPolicy:
    """Which targets this worker serves.

    `control` is the connection of the control NATS, the default target. `allow` has patterns of
    `host:port`, with `*` for any part; an IPv6 address is in brackets, as in a URL.
    """

    control: Connection
    contexts: Path
    allow: Sequence[str] = ()


def resolve(target: Target, policy: TargetPolicy) -> Connection:
    """Return how to reach `target`.

    Raises:
        SetupError: the context is missing or unreadable, or a server is not allowed.
    """
    connection = _named(target, policy)
    if target.discover:
        return connection
    return connection.model_copy(update={"discover": False})


def _named(target: Target, policy: TargetPolicy) -> Connection:
    if target.context is not None:
        return _from_context(target.context, policy.contexts)
    if not target.servers:
        return policy.control
    known = {_host_port(server) for server in policy.control.servers}
    for server in target.servers:
        place = _host_port(server)
        if place not in known and not any(_matches(place, allow) for allow in policy.allow):
            raise SetupError(
                "TargetNotAllowed",
                f"spec.target.servers: {place} is not in this worker's allow-list; add it with"
                " --allow-target (NJST_ALLOW_TARGETS)",
            )
    return Connection(servers=list(target.servers))


def _host_port(server: str) -> str:
    host, port = address(server)
    return f"[{host}]:{port}".lower() if ":" in host else f"{host}:{port}".lower()


def _matches(place: str, pattern: str) -> bool:
    """Whether a pattern matches a `host:port`; only `*` is special."""
    parts = map(re.escape, pattern.lower().split("*"))
    return re.fullmatch(".*".join(parts), place) is not None


def _from_context(name: str, folder: Path) -> Connection:
    field = f"spec.target.context: {name!r}"
    path = folder / f"{name}.json"
    if not path.exists():
        found = ", ".join(sorted(p.stem for p in folder.glob("*.json"))) or "none"
        raise SetupError("ContextNotFound", f"{field} is not mounted; contexts there: {found}")
    try:
        return read_context(path)
    except LoginError as error:
        raise SetupError("ContextUnusable", f"{field}: {error}") from error
