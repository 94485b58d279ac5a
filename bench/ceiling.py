"""The ceiling: the same bytes by a bare blocking socket that parses nothing.

It counts what comes by length or by line ends alone, keeps the same window, and measures no
message: no client of this server can be much faster.
"""

import json
import socket
import time
from urllib.parse import urlsplit

from bench.cases import STREAM, SUBJECT

_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'
_INBOX = "_INBOX.ceiling"
_RECEIVE_BYTES = 64 * 1024
_BEGIN = b"\r\nMSG "


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname or "", parts.port or 4222), 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.recv(65_536)
    sock.sendall(_CONNECT + f"SUB {_INBOX}.* 1\r\nPING\r\n".encode())
    while not sock.recv(65_536).endswith(b"PONG\r\n"):
        pass
    return sock


def publish(url: str, messages: int, size_bytes: int, window: int) -> float:
    """Publish with at most `window` acknowledgements missing; return messages per second.

    An acknowledgement is one MSG line and one line of JSON, so two line ends are one.
    """
    with _connect(url) as sock:
        body = b"x" * size_bytes
        half = max(1, window // 2)
        frame = f"PUB {SUBJECT} {_INBOX}.0000000000 {size_bytes}\r\n".encode() + body + b"\r\n"
        chunk = frame * half
        sent = done = lines = 0
        begin_s = time.perf_counter()
        while done < messages:
            while sent < messages and sent - done + half <= window:
                sock.sendall(chunk)
                sent += half
            lines += sock.recv(_RECEIVE_BYTES).count(b"\r\n")
            done = lines // 2
        return messages / (time.perf_counter() - begin_s)


def consume(url: str, messages: int, batch: int) -> float:
    """Take messages of a pull consumer without acknowledgements; return messages per second.

    Two requests are under way, and a message is where a line begins with MSG.
    """
    consumer = "ceiling"
    with _connect(url) as sock:
        config = {"stream_name": STREAM, "config": {"name": consumer, "ack_policy": "none"}}
        create = json.dumps(config).encode()
        api = f"$JS.API.CONSUMER.CREATE.{STREAM}.{consumer}"
        sock.sendall(f"PUB {api} {_INBOX}.create {len(create)}\r\n".encode() + create + b"\r\n")
        sock.recv(_RECEIVE_BYTES)
        ask = json.dumps({"batch": batch, "expires": 30_000_000_000}).encode()
        pull = (
            f"PUB $JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer} {_INBOX}.0 {len(ask)}\r\n".encode()
            + ask
            + b"\r\n"
        )
        begin_s = time.perf_counter()
        sock.sendall(pull + pull)
        # No line ends before the first one.
        asked, got, tail = 2 * batch, 0, b"\r\n"
        while got < messages:
            data = tail + sock.recv(_RECEIVE_BYTES)
            got += data.count(_BEGIN)
            tail = data[-len(_BEGIN) + 1 :]
            while got >= asked - batch:
                sock.sendall(pull)
                asked += batch
        return messages / (time.perf_counter() - begin_s)
