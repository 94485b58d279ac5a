"""Clients, plans and answers that many tests of the load need."""

from typing import Any, Protocol, TypeVar

from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import Frame, parse

INBOX = "_INBOX.test"
SECOND = 1_000_000_000
AnyClient = TypeVar("AnyClient", bound=LoadClient)


class Receiver(Protocol):
    """A load client, as far as it receives."""

    def scan(self, data: bytes, now_ns: int) -> int: ...

    def on_frame(self, frame: Frame, now_ns: int) -> None: ...


def publish_plan(
    messages: int | None = None, *, client: dict[str, Any] | None = None, **publish: Any
) -> ClientPlan:
    """Return the plan of one publisher; `client` has fields of the client plan."""
    settings = {
        "mode": PublishMode.ASYNCHRONOUS,
        "window": 8,
        "payload": PayloadPlan(bytes_min=10, bytes_max=10),
        "subjects": ["a"],
        "ack_timeout_ms": 1000,
        **publish,
    }
    fields = {"workload": "w", "index": 0, "messages": messages, **(client or {})}
    return ClientPlan(publish=PublishPlan(**settings), **fields)


def started(client: AnyClient, at_ns: int = 0, log_offset_ns: int = 0) -> AnyClient:
    """Start a client and its recorder."""
    client.recorder.start(at_ns)
    client.start(StartTime(at_ns, log_offset_ns))
    return client


def feed(client: Receiver, data: bytes, now_ns: int = 1) -> None:
    """Let a client take whole frames, as its connection does."""
    assert feed_some(client, data, now_ns) == b""


def feed_some(client: Receiver, data: bytes, now_ns: int = 1) -> bytes:
    """Let a client take a chunk; return the incomplete frame at its end."""
    rest = data[client.scan(data, now_ns) :]
    return rest[feed_exactly(client, rest, now_ns) :]


def feed_exactly(client: Receiver, data: bytes, now_ns: int = 1) -> int:
    """Let a client take a chunk by the exact parser alone; return the bytes that it took."""
    frames, used = parse(data)
    for frame in frames:
        client.on_frame(frame, now_ns)
    return used


def answer(number: int, body: bytes = b"", header: bytes = b"") -> bytes:
    """Return the answer to a request."""
    if not header:
        return b"MSG _INBOX.test.%010x 1 %d\r\n%s\r\n" % (number, len(body), body)
    sizes = (len(header), len(header) + len(body))
    return b"HMSG _INBOX.test.%010x 1 %d %d\r\n%s%s\r\n" % (number, *sizes, header, body)


def puback(
    number: int, sequence: int | None = None, stream: str = "S", *, duplicate: bool = False
) -> bytes:
    """Return the acknowledgement of a message; its sequence is most often its number + 1."""
    tail = b',"duplicate": true' if duplicate else b""
    found = number + 1 if sequence is None else sequence
    return answer(number, b'{"stream":"%s","seq":%d%s}' % (stream.encode(), found, tail))


def refusal(number: int, code: int = 10077, words: str = "full") -> bytes:
    """Return an answer with an error of JetStream."""
    error = b'{"code":400,"err_code":%d,"description":"%s"}' % (code, words.encode())
    return answer(number, b'{"error":%s,"stream":"S","seq":0}' % error)


def errors(tally: WorkloadTally) -> dict[ErrorClass, int]:
    """Return how many errors of each class there were."""
    return {error.error_class: error.count for error in tally.errors}
