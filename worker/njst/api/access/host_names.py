"""The host names by which a worker may be asked; pure.

A page of any site can make its own name resolve to the address of a worker (DNS rebinding). The
browser then takes the worker for that site: the page may read its answers, and `Origin` equals
`Host`. The name stays that of the site, so a worker answers only to names that no stranger can own.
"""

import ipaddress
import re
from collections.abc import Iterable

ANY = "*"
# A Kubernetes service or pod, and the machine itself: the public DNS has no such names.
_LOCAL_SUFFIXES = (".svc", ".cluster.local", ".localhost")
_LABEL = r"[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# RFC 9110 section 7.2: a name or an address, IPv6 in brackets, and perhaps a port.
_HEADER = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]+)(?::[0-9]*)?")


class HostNames:
    """Decides by the `Host` of a request whether it means this worker.

    Addresses, names without a dot and names inside a cluster always do: none of them can be a name
    in the public DNS, which a stranger could own.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Take further names: `name`, `*.name` for all names below it, or `*` for any name.

        Raises:
            ValueError: an entry is none of these; the message names it.
        """
        self._names: set[str] = set()
        self._suffixes: list[str] = []
        self._any = False
        for entry in allowed:
            self._add(entry.lower().rstrip("."), entry)

    def _add(self, name: str, entry: str) -> None:
        if name == ANY:
            self._any = True
        elif _NAME.fullmatch(name.removeprefix("*.")) is None:
            words = f"{entry!r} must be a host name without a port, *.name, or *"
            raise ValueError(words)
        elif name.startswith("*."):
            self._suffixes.append(name[1:])
        else:
            self._names.add(name)

    def is_known(self, header: str) -> bool:
        """Whether the value of a `Host` header means this worker."""
        if self._any:
            return True
        found = _HEADER.fullmatch(header.strip().lower())
        if found is None:
            return False
        host = found["host"]
        if _is_address(host):
            return True
        name = host.removesuffix(".")
        if _NAME.fullmatch(name) is None:
            return False
        return (
            "." not in name
            or name in self._names
            or name.endswith(_LOCAL_SUFFIXES)
            or any(name.endswith(suffix) for suffix in self._suffixes)
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
