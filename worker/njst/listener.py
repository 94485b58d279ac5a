"""Listening sockets of the HTTP servers, on one address or on all of both families."""

import errno
import socket

# Of a host that has no IPv6, or has it switched off.
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
_BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a non-blocking listener.

    Args:
        host: an IP address, with or without brackets; empty: all addresses, IPv6 and IPv4 alike, or
            only IPv4 if the host has no IPv6.
        port: 0 picks a free port.

    Raises:
        OSError: the address is in use, or is not an address of this host.
    """
    address = host.strip("[]")
    if address:
        return _bound(socket.AF_INET6 if ":" in address else socket.AF_INET, address, port)
    try:
        return _bound(socket.AF_INET6, "::", port)
    except OSError as error:
        if error.errno not in _NO_IPV6:
            raise
        return _bound(socket.AF_INET, "0.0.0.0", port)  # noqa: S104 - all addresses are asked for


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
