"""INFO: a server's description of itself and its cluster.

Source: NATS client protocol, INFO. A field of a wrong type counts as missing.
"""

import json
from dataclasses import dataclass

from njst.load.protocol.parser import ProtocolError

# A cluster has a few dozen servers; more would slow down every reconnect.
_MAX_URLS = 64


@dataclass(frozen=True)
class ServerInfo:
    """The part of INFO that a client acts on; `others` are `host:port` of its cluster."""

    tls_required: bool = False
    tls_available: bool = False
    nonce: str = ""
    leaves: bool = False
    others: tuple[str, ...] = ()
    # The server's id, a new one at each of its starts.
    server: str = ""


def server_info(text: bytes) -> ServerInfo:
    """Read the JSON of an INFO.

    Raises:
        ProtocolError: it is no JSON object.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProtocolError(f"INFO without a JSON object: {text[:60]!r}")
    nonce, others = said.get("nonce"), said.get("connect_urls")
    server = said.get("server_id")
    return ServerInfo(
        tls_required=said.get("tls_required") is True,
        tls_available=said.get("tls_available") is True,
        nonce=nonce if isinstance(nonce, str) else "",
        leaves=said.get("ldm") is True,
        others=_urls(others) if isinstance(others, list) else (),
        server=server[:64] if isinstance(server, str) else "",
    )


def _urls(others: list[object]) -> tuple[str, ...]:
    texts = [url for url in others if isinstance(url, str) and 0 < len(url) <= 256]
    return tuple(texts[:_MAX_URLS])
