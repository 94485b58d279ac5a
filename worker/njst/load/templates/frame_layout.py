"""Rows of publish frames: subject, reply, headers, stamp and body in place, digits left open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from njst.contract.header_names import MESSAGE_ID, SCHEDULE, SCHEDULE_TARGET
from njst.load.protocol import stamp
from njst.load.protocol.digits import DIGITS
from njst.load.templates.frame_cycle import FrameRow

_OPEN = b"0" * DIGITS
# As long as each instant that `encode.instant` writes.
OPEN_INSTANT = b"0000-00-00T00:00:00.000000000Z"


@dataclass(frozen=True)
class FrameSettings:
    """Settings of all rows of a client; `inbox` empty: no reply; `job`, `producer`: stamp codes."""

    inbox: str
    job: int
    producer: int
    headers: Sequence[tuple[str, str]] = ()
    # The header of the id, and the prefix of its value before the digits; empty: none.
    id_header: str = MESSAGE_ID
    id_prefix: str = ""
    # What follows the digits of the reply.
    reply_tail: str = ""
    # Without an inbox: a reply subject that is the same for all messages; empty: none.
    fixed_reply: str = ""
    # Whether a stamp replaces the first bytes of a body.
    is_stamped: bool = True


def publish_row(
    settings: FrameSettings, subject: str, body: bytes, *, id_back: int = 0
) -> FrameRow:
    """Return the row of one message, with a stamp if the body has room for it."""
    headers = _header_block(settings)
    is_stamped = settings.is_stamped and len(body) >= stamp.SIZE
    payload = body
    if is_stamped:
        rest = body[stamp.SIZE :]
        blank = bytes(stamp.SIZE - stamp.VARIABLE_AT)
        payload = stamp.fixed(settings.job, settings.producer, rest) + blank + rest
    verb = "HPUB" if headers else "PUB"
    head = f"{verb} {subject} ".encode()
    token_at = None
    if settings.inbox:
        head += settings.inbox.encode() + b"."
        token_at = len(head)
        head += _OPEN + settings.reply_tail.encode() + b" "
    elif settings.fixed_reply:
        head += settings.fixed_reply.encode() + b" "
    sizes = f"{len(headers)} {len(headers) + len(body)}" if headers else str(len(body))
    head += sizes.encode() + b"\r\n"
    id_at = None
    if settings.id_prefix:
        id_at = len(head) + headers.index(_OPEN)
    return FrameRow(
        frame=head + headers + payload + b"\r\n",
        token_at=token_at,
        id_at=id_at,
        id_back=id_back,
        stamp_at=len(head) + len(headers) if is_stamped else None,
    )


def scheduled_row(
    settings: FrameSettings, target: str, body: bytes, *, id_back: int = 0
) -> FrameRow:
    """Return the row of one message that the stream stores later (ADR-51); its instant is open.

    Until then it is the last message of a subject of its own, which ends in the id.
    """
    headers = [
        (SCHEDULE, f"@at {OPEN_INSTANT.decode()}"),
        (SCHEDULE_TARGET, target),
        *settings.headers,
    ]
    subject = f"{target}.schedule.{settings.id_prefix}-{_OPEN.decode()}"
    row = publish_row(replace(settings, headers=headers, id_prefix=""), subject, body)
    return replace(row, id_at=row.frame.index(_OPEN + b" "), id_back=id_back)


def _header_block(settings: FrameSettings) -> bytes:
    """Return the header block; the open digits of the id stand first in it."""
    lines = []
    if settings.id_prefix:
        lines.append(f"{settings.id_header}: {settings.id_prefix}-".encode() + _OPEN)
    lines += [f"{name}: {value}".encode() for name, value in settings.headers]
    if not lines:
        return b""
    return b"NATS/1.0\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"
