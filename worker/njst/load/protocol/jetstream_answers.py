"""JetStream's answers inside messages: acknowledgements, errors, statuses, ACK subjects."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol.parser import MessageFrame

_STATUS = re.compile(rb"NATS/1\.0[ \t]+(\d{3})[ \t]*([^\r\n]*)\r\n")
_PENDING = re.compile(rb"Nats-Pending-Messages:[ \t]*(\d{1,9})\r\n", re.IGNORECASE)
_PIN = re.compile(rb"NATS/1\.0\r\n(?:[^\r\n]+\r\n)*?Nats-Pin-Id:[ \t]*([^\r\n]+)\r\n")
_COUNTED = re.compile(rb"H?MSG (\S+) \d+ (\$JS\.ACK\.\S+) (?:\d{1,9} )?(\d{1,9})\r\n")

# What a malformed answer can raise: no JSON, wrong types, a number like Infinity, or a depth that
# no server sends.
BAD_ANSWERS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)

# Description of error 10071 (server/errors.json).
_WRONG = re.compile(r"wrong last sequence: (\d{1,20})")
_LEFT = re.compile(rb"Nats-Num-Pending:[ \t]*(\d{1,20})\r\n", re.IGNORECASE)
_LAST = re.compile(rb"Nats-Last-Sequence:[ \t]*(\d{1,20})\r\n", re.IGNORECASE)

# server/errors.json and the statuses of the client protocol.
_ERROR_CODES: dict[int, ErrorClass] = {
    10014: ErrorClass.NO_CONSUMER,
    10037: ErrorClass.NOT_FOUND,
    10054: ErrorClass.PAYLOAD_TOO_LARGE,
    10059: ErrorClass.NO_STREAM,
    10002: ErrorClass.LIMIT_EXCEEDED,
    10026: ErrorClass.LIMIT_EXCEEDED,
    10027: ErrorClass.LIMIT_EXCEEDED,
    10028: ErrorClass.LIMIT_EXCEEDED,
    10060: ErrorClass.WRONG_SEQUENCE,
    10071: ErrorClass.WRONG_SEQUENCE,
    10164: ErrorClass.WRONG_SEQUENCE,
    10167: ErrorClass.TOO_MANY_REQUESTS,
    10023: ErrorClass.LIMIT_EXCEEDED,
    10047: ErrorClass.LIMIT_EXCEEDED,
    10077: ErrorClass.LIMIT_EXCEEDED,
}

# A direct get that asks for more than 1,024 subjects is answered with 413.
_GET_STATUSES: dict[int, ErrorClass] = {
    404: ErrorClass.NOT_FOUND,
    413: ErrorClass.LIMIT_EXCEEDED,
}


@dataclass(frozen=True)
class Failure:
    """Why a message was not stored or delivered, in the server's words."""

    error_class: ErrorClass
    words: str


@dataclass(frozen=True)
class Stored:
    """A publish acknowledgement; `duplicate`: the stream had the message already."""

    duplicate: bool
    sequence: int = 0


@dataclass(frozen=True)
class JetStreamStatus:
    """A status: code, words, and how much of a pull it gives back, if it has that."""

    code: int
    words: str
    pending: int | None

    def __str__(self) -> str:
        """Return code and words; a 503 has no words."""
        return f"{self.code} {self.words}".rstrip()


def status_of(message: MessageFrame) -> JetStreamStatus | None:
    """Return the status of a message; None when it is an ordinary one."""
    found = _STATUS.match(message.header)
    if found is None:
        return None
    pending = _PENDING.search(message.header)
    return JetStreamStatus(
        int(found[1]), found[2].decode(errors="replace"), int(pending[1]) if pending else None
    )


def pin_of(data: bytes) -> str:
    """Return the pin id (ADR-42) of the last message in a chunk that has one, else ""."""
    last = data.rfind(b"NATS/1.0\r\n")
    while last >= 0:
        found = _PIN.match(data, last)
        if found is not None:
            return found[1].decode(errors="replace")
        last = data.rfind(b"NATS/1.0\r\n", 0, last)
    return ""


def counted_bytes(data: bytes, end: int) -> int:
    """Return how much of a pull's max_bytes the messages before `end` take, as the server counts.

    Subject, ACK subject, headers and payload of each (server/consumer.go, loopAndGatherMsgs).
    """
    at = total = 0
    while at < end and (head := _COUNTED.match(data, at)):
        size = int(head[3])
        total += len(head[1]) + len(head[2]) + size
        at = head.end() + size + 2
    return total


def publish_answer(message: MessageFrame, stream: str = "") -> Stored | Failure:
    """Decode the reply to a publish; anything unknown is a failure of class Other.

    With a `stream`, an acknowledgement by another stream is a failure too.
    """
    status = status_of(message)
    if status is not None:
        if status.code == 503:
            return Failure(ErrorClass.NO_RESPONDERS, "503 no responders: no stream takes it")
        if status.code == 429:
            return Failure(ErrorClass.TOO_MANY_REQUESTS, f"429 {status.words}")
        return Failure(ErrorClass.OTHER, str(status))
    try:
        return _acknowledgement(json.loads(message.payload), stream)
    except BAD_ANSWERS:
        return Failure(ErrorClass.PROTOCOL, f"not an acknowledgement: {message.payload[:100]!r}")


def _acknowledgement(answer: dict[str, Any], stream: str) -> Stored | Failure:
    """Decode the JSON of an answer to a publish.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError: it is malformed.
    """
    error = answer.get("error")
    if error is not None:
        return _refusal(error)
    found, sequence = answer["stream"], int(answer["seq"])
    if not isinstance(found, str) or sequence < 0:
        raise ValueError("no stream that stores it")
    if stream and found != stream:
        return wrong_stream(found, stream)
    return Stored(bool(answer.get("duplicate", False)), sequence)


def wrong_stream(found: str, wanted: str) -> Failure:
    """Return the failure of a message that another stream stored."""
    return Failure(ErrorClass.WRONG_STREAM, f"stored in {found[:100]}, not in {wanted}")


def _refusal(error: dict[str, Any]) -> Failure:
    """Decode the error of an answer.

    Raises:
        ValueError, TypeError, AttributeError: it is malformed.
    """
    code = int(error.get("err_code", 0))
    error_class = _ERROR_CODES.get(code)
    if error_class is None:
        busy = int(error.get("code", 0)) == 429
        error_class = ErrorClass.TOO_MANY_REQUESTS if busy else ErrorClass.OTHER
    return Failure(error_class, f"{error.get('description', '')} ({code})")


def api_failure(message: MessageFrame) -> Failure | None:
    """Return why a call of JetStream's API was refused; None when it was done."""
    status = status_of(message)
    if status is not None:
        if status.code == 503:
            return Failure(ErrorClass.NO_RESPONDERS, "503 no responders: no JetStream here")
        return Failure(ErrorClass.OTHER, str(status))
    try:
        answer = json.loads(message.payload)
        if (error := answer.get("error")) is not None:
            return _refusal(error)
        if answer["type"].startswith("io.nats.jetstream.api."):
            return None
    except BAD_ANSWERS:
        pass
    return Failure(ErrorClass.PROTOCOL, f"not an answer of the API: {message.payload[:100]!r}")


def with_batch_advice(words: str) -> str:
    """Return why a batch was refused, with advice where too many are under way (10210, 10211)."""
    if "too many inflight" not in words:
        return words
    return f"{words}; use fewer clients: the server limits how many batches are under way"


def last_sequence_in(words: str) -> int | None:
    """Return the last sequence in a refusal; None if it has none.

    A cluster refuses without it (10164) while it has not yet stored the message before.
    """
    found = _WRONG.search(words)
    return None if found is None else int(found[1])


def get_failure(message: MessageFrame) -> Failure | None:
    """Return why a direct get failed; None when the answer is a message (ADR-31)."""
    status = status_of(message)
    if status is None:
        return None
    words = str(status)
    if status.code == 503:
        return Failure(ErrorClass.NO_RESPONDERS, "503: the stream is gone or has no direct gets")
    return Failure(_GET_STATUSES.get(status.code, ErrorClass.OTHER), words)


def batch_end(message: MessageFrame) -> tuple[int, int]:
    """Return how many messages are left behind a batch of direct gets, and its last sequence.

    Both are 0 when the message is not the end of a batch (ADR-31).
    """
    left = _LEFT.search(message.header)
    last = _LAST.search(message.header)
    return (int(left[1]), int(last[1])) if left and last else (0, 0)


@dataclass(frozen=True)
class Delivery:
    """The fields of an ACK subject; `prefix` is its beginning up to the delivery count, inclusive.

    `pending` is how many messages the consumer has not yet delivered.
    """

    count: int
    stream_sequence: int
    consumer_sequence: int
    stored_ns: int
    prefix: bytes
    pending: int


def delivery_of(reply: bytes) -> Delivery | None:
    """Decode an ACK subject; None for any other subject.

    Version 1 has 9 tokens, `$JS.ACK.stream.consumer.count.sseq.cseq.time.pending`; version 2 has
    11 and more, with domain and account hash after `$JS.ACK` (ADR-15).
    """
    tokens = reply.split(b".")
    if tokens[:2] != [b"$JS", b"ACK"] or (len(tokens) != 9 and len(tokens) < 11):
        return None
    at = 4 if len(tokens) == 9 else 6
    try:
        count, stream, consumer, stored, pending = map(int, tokens[at : at + 5])
    except ValueError:
        return None
    prefix = b".".join(tokens[: at + 1]) + b"."
    return Delivery(count, stream, consumer, stored, prefix, pending)


def consumer_sequences(replies: Sequence[bytes]) -> list[int]:
    """Return the consumer sequences in ACK subjects of one consumer."""
    return _counters(replies, 3)


def stream_sequences(replies: Sequence[bytes]) -> list[int]:
    """Return the stream sequences in ACK subjects of one consumer."""
    return _counters(replies, 4)


def stored_ns(replies: Sequence[bytes]) -> list[int]:
    """Return the timestamps of the store in ACK subjects of one consumer."""
    return _counters(replies, 2)


def _counters(replies: Sequence[bytes], from_end: int) -> list[int]:
    """Return a token by its place from the end; time and pending messages are the last two."""
    if not replies:
        return []
    # A version 2 may have one more token.
    after = from_end + (replies[0].count(b".") == 11)
    return [int(reply.rsplit(b".", after)[1]) for reply in replies]
