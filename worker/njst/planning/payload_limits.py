"""Whether the target takes messages as large as a job has them."""

from collections.abc import Iterator, Mapping

from njst.contract.header_names import LAST_SUBJECT_SEQUENCE
from njst.contract.kinds.key_value import KeyValueOperation
from njst.contract.kinds.publish import Expect, MessageIds, Publish, PublishMode
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.planning.kinds.publish import fixed_headers

# What an id or a sequence of njst's has at least.
_DIGITS = "0" * 10
# How a message says what it expects; always as wide as the largest sequence.
_EXPECTED = {
    Expect.NONE: [],
    Expect.LAST_SEQUENCE: [("Nats-Expected-Last-Sequence", "0" * 19)],
    Expect.LAST_SUBJECT_SEQUENCE: [(LAST_SUBJECT_SEQUENCE, "0" * 19)],
}
_INSTANT = "@at 2000-01-01T00:00:00.000000000Z"
# What writes a value, and what expects a revision of its key.
_WRITES = (KeyValueOperation.PUT, KeyValueOperation.CREATE, KeyValueOperation.UPDATE)
_EXPECTS = (KeyValueOperation.CREATE, KeyValueOperation.UPDATE)


def check_payload_sizes(spec: JobSpec, max_payload: int, longest: Mapping[int, int]) -> None:
    """Do nothing if each message fits into what the server takes at once.

    A server closes the connection of a client that sends more (max_payload in its INFO), so the
    whole load would be nothing but broken connections.

    Args:
        spec: the job.
        max_payload: of the target.
        longest: bytes of the longest payload of each workload whose payloads are in a file, by the
            number of the workload.

    Raises:
        SetupError: naming the field of the spec that is too large.
    """
    for number, workload in enumerate(spec.workloads):
        headers = _header_bytes(workload)
        for field, size in _sizes(workload, longest.get(number)):
            if size + headers > max_payload:
                more = f" and {headers} of headers" if headers else ""
                raise SetupError(
                    "PayloadTooLarge",
                    f"spec.workloads[{number}].{field}: {size} bytes{more}; the target takes at"
                    f" most {max_payload} in a message (max_payload)",
                )


def _header_bytes(workload: Workload) -> int:
    """Return how many bytes the headers of a message have at least; a server counts them too."""
    headers: list[tuple[str, str]] = []
    if workload.publish is not None:
        headers = _headers(workload.publish, workload.stream or "")
    elif workload.key_value is not None and workload.key_value.operation in _EXPECTS:
        headers = [(LAST_SUBJECT_SEQUENCE, _DIGITS)]
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    return sum(map(len, ["NATS/1.0\r\n", *lines, "\r\n"])) if lines else 0


def _headers(publish: Publish, stream: str) -> list[tuple[str, str]]:
    headers = fixed_headers(publish, stream) + _EXPECTED[publish.expect]
    if publish.message_ids is not MessageIds.NONE:
        headers.append(("Nats-Msg-Id", _DIGITS))
    if publish.delay_seconds is not None:
        headers += [("Nats-Schedule", _INSTANT), ("Nats-Schedule-Target", "")]
    if publish.mode is PublishMode.ATOMIC_BATCH:
        headers += [("Nats-Batch-Id", _DIGITS), ("Nats-Batch-Sequence", "1")]
    return headers


def _sizes(workload: Workload, longest: int | None) -> Iterator[tuple[str, int]]:
    """Yield the fields that say how large a message is."""
    publish = workload.publish
    if longest is not None:
        yield "publish.payloadFile", longest
    # A counter has no payload.
    elif publish is not None and publish.increment is None:
        yield "publish.payloadBytes", publish.payload_bytes
        yield "publish.payloadBytesMax", publish.payload_bytes_max or 0
    if workload.core is not None:
        yield "core.payloadBytes", workload.core.payload_bytes
    if workload.key_value is not None and workload.key_value.operation in _WRITES:
        yield "keyValue.valueBytes", workload.key_value.value_bytes
    if workload.object_store is not None:
        yield "objectStore.chunkBytes", workload.object_store.chunk_bytes
