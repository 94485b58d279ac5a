"""Frames that a load client sends, as bytes."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from njst.contract.header_names import LAST_SUBJECT_SEQUENCE

CRLF = b"\r\n"
PUB = b"PUB "
PING = b"PING\r\n"
PONG = b"PONG\r\n"
EXPECTING = b"NATS/1.0\r\n" + LAST_SUBJECT_SEQUENCE.encode() + b": %d\r\n\r\n"


def instant(at_ns: int) -> bytes:
    """Return ns since the epoch as RFC 3339 in UTC, always with nine digits of a second."""
    seconds, rest = divmod(at_ns, 1_000_000_000)
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()


def connect(options: dict[str, object]) -> bytes:
    """Return `CONNECT {json}`."""
    return b"CONNECT " + json.dumps(options, separators=(",", ":")).encode() + CRLF


def sub(subject: str, sid: int, group: str = "") -> bytes:
    """Return `SUB subject [group] sid`."""
    return (
        f"SUB {subject} {group} {sid}\r\n".encode()
        if group
        else (b"SUB %s %d\r\n" % (subject.encode(), sid))
    )


def unsub(sid: int) -> bytes:
    """Return `UNSUB sid`."""
    return b"UNSUB %d\r\n" % sid


def unsub_after(sid: int, count: int) -> bytes:
    """Return `UNSUB sid count`: the server delivers `count` messages and no more."""
    return b"UNSUB %d %d\r\n" % (sid, count)


def pub(subject: str, payload: bytes, reply: str = "") -> bytes:
    """Return `PUB subject [reply] size` and the payload."""
    head = f"PUB {subject} {reply} " if reply else f"PUB {subject} "
    return head.encode() + b"%d\r\n%s\r\n" % (len(payload), payload)


def hpub(subject: str, header: bytes, payload: bytes, reply: str) -> bytes:
    """Return `HPUB subject reply header-size size`, the header block and the payload."""
    sizes = (len(header), len(header) + len(payload))
    return f"HPUB {subject} {reply} ".encode() + b"%d %d\r\n%s%s\r\n" % (*sizes, header, payload)


def acks(replies: Iterable[bytes], confirm: str = "") -> bytes:
    """Return one `+ACK` to each reply subject, joined; no bytes for no replies.

    The server confirms each of them to the inbox `confirm`, if there is one.
    """
    end = ack_end(confirm)
    joined = (end + PUB).join(replies)
    return PUB + joined + end if joined else b""


def ack_end(confirm: str = "") -> bytes:
    """Return what follows the reply subject of an `+ACK`, up to the end of the frame."""
    return b" %s 4\r\n+ACK\r\n" % confirm.encode() if confirm else b" 4\r\n+ACK\r\n"


def naks(replies: Iterable[bytes], delay_ms: int = 0) -> bytes:
    """Return one `-NAK` to each reply subject: deliver it again, at once or after the delay."""
    body = b'-NAK {"delay":%d}' % (delay_ms * 1_000_000) if delay_ms else b"-NAK"
    return _said(replies, body)


def terms(replies: Iterable[bytes]) -> bytes:
    """Return one `+TERM` to each reply subject: never deliver it again."""
    return _said(replies, b"+TERM")


def in_progress(replies: Iterable[bytes]) -> bytes:
    """Return one `+WPI` to each reply subject: restart the ack wait."""
    return _said(replies, b"+WPI")


def _said(replies: Iterable[bytes], body: bytes) -> bytes:
    tail = b" %d\r\n%s\r\n" % (len(body), body)
    return b"".join([b"PUB %s%s" % (reply, tail) for reply in replies])
