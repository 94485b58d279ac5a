"""The ceiling: the bytes that njst would send, by a bare blocking socket that parses nothing.

It counts what comes by line ends alone, keeps the same window, and measures no message: no client
of this server can be much faster.
"""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import ClientPlan
from njst.load.kinds.consume.pulls import Pulls
from njst.load.kinds.publish.single import PublishCodec
from njst.load.protocol import encoder
from njst.provisioning import provision, teardown

_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'
_RECEIVE_BYTES = 64 * 1024
_LINE_END = b"\r\n"
_BEGIN = b"\r\nMSG "
# struct timeval: 10 s.
_PATIENCE = struct.pack("@ll", 10, 0)
_SID = 1
_JOB = "ceiling"
_WORKER = "bench"


def publish(url: str, document: dict[str, Any]) -> float:
    """Publish the messages of a spec of one client; return messages per second.

    All frames are made before. An acknowledgement is one MSG line and one line of JSON, so two line
    ends are one.
    """
    with _planned(url, document) as plan, _connect(url) as sock:
        inbox = _inbox()
        requests = PublishCodec(plan, inbox, _JOB)
        messages, window = plan.messages or 0, requests.window
        half = max(1, window // 2)
        chunks = [
            requests.encode(first, min(half, messages - first), time.time_ns())
            for first in range(0, messages, half)
        ]
        _subscribe(sock, encoder.sub(f"{inbox}.*", _SID))
        sent = done = lines = 0
        left = iter(chunks)
        begin_s = time.perf_counter()
        while done < messages:
            while sent < messages and sent - done + half <= window:
                sock.sendall(next(left))
                sent += half
            lines += sock.recv(_RECEIVE_BYTES).count(_LINE_END)
            done = lines // 2
        return messages / (time.perf_counter() - begin_s)


def consume(url: str, document: dict[str, Any]) -> float:
    """Consume the messages of a spec of one client without acks; return messages per second.

    A message is where a line begins with MSG.
    """
    with _planned(url, document) as plan, _connect(url) as sock:
        pulls = Pulls(plan, _inbox(), _SID)
        messages = plan.messages or 0
        _subscribe(sock, pulls.opening())
        # No line ends before the first one.
        got, tail = 0, _LINE_END
        begin_s = time.perf_counter()
        while got < messages:
            if out := pulls.next_bytes(messages - got, 0):
                sock.sendall(out)
            data = tail + sock.recv(_RECEIVE_BYTES)
            count = data.count(_BEGIN)
            pulls.took(count, 0)
            got += count
            tail = data[-len(_BEGIN) + 1 :]
        return messages / (time.perf_counter() - begin_s)


@contextmanager
def _planned(url: str, document: dict[str, Any]) -> Iterator[ClientPlan]:
    """Create the streams of a spec; yield the plan of its one client."""
    spec, connection = parse_spec(document), Connection(servers=[url])
    prepared = asyncio.run(provision.provision(_JOB, spec, connection, [_WORKER], _WORKER))
    (plan,) = prepared.clients
    yield plan
    asyncio.run(teardown.teardown(_JOB, spec, connection))


def _inbox() -> str:
    return f"_INBOX.{secrets.token_hex(8)}"


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname or "", parts.port or 4222), 10)
    # A timeout of Python costs a second system call each time; that of the kernel is free.
    sock.settimeout(None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.recv(_RECEIVE_BYTES)
    sock.sendall(_CONNECT)
    return sock


def _subscribe(sock: socket.socket, subscription: bytes) -> None:
    """Subscribe and answer the first PING of the server, so that only load follows."""
    sock.sendall(subscription + b"PING\r\n")
    heard = b""
    while not heard.endswith(b"PONG\r\n"):
        heard += sock.recv(_RECEIVE_BYTES)
    if b"PING\r\n" in heard:
        sock.sendall(b"PONG\r\n")
