"""Whether an address is another name of a server that is known."""

import asyncio
import socket
from collections.abc import Iterable

from njst.contract.server_urls import address


async def resolves_alike(server: str, others: Iterable[str]) -> bool:
    """Whether a server's URL leads to the address and port of one of the others.

    Only names are looked up; nothing is connected to. A Service and its pods are not alike.
    """
    wanted = await _places(server)
    return bool(wanted) and any([not wanted.isdisjoint(await _places(other)) for other in others])


async def _places(server: str) -> set[tuple[str, int]]:
    """Return the addresses and the port of a server; nothing when its name cannot be resolved."""
    host, port = address(server)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {(str(place[0]), port) for *_, place in found}
