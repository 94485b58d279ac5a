"""Whether the target takes messages as large as a job has them."""

from collections.abc import Iterator

from njst.agent.share.publish import fixed_headers
from njst.agent.target import SetupError
from njst.contract.job import JobSpec
from njst.contract.kinds.publish import Expect, MessageIds, PublishMode
from njst.contract.workload import Workload

# What an id or a sequence of njst's has at least.
_DIGITS = "0" * 10
_INSTANT = "@at 2000-01-01T00:00:00.000000000Z"


def check_room(spec: JobSpec, max_payload: int) -> None:
    """Do nothing if each message fits into what the server takes at once.

    A server closes the connection of a client that sends more (max_payload in its INFO), so the
    whole load would be nothing but broken connections.

    Raises:
        SetupError: naming the field of the spec that is too large.
    """
    for number, workload in enumerate(spec.workloads):
        headers = _header_bytes(workload)
        for field, size in _sizes(workload):
            if size + headers > max_payload:
                more = f" and {headers} of headers" if headers else ""
                raise SetupError(
                    "PayloadTooLarge",
                    f"spec.workloads[{number}].{field}: {size} bytes{more}; the target takes at"
                    f" most {max_payload} in a message (max_payload)",
                )


def _header_bytes(workload: Workload) -> int:
    """Return how many bytes the headers of a message have at least; a server counts them too."""
    publish = workload.publish
    if publish is None:
        return 0
    headers = fixed_headers(publish, workload.stream or "")
    if publish.message_ids is not MessageIds.NONE:
        headers.append(("Nats-Msg-Id", _DIGITS))
    if publish.expect is not Expect.NONE:
        headers.append(("Nats-Expected-Last-Sequence", _DIGITS))
    if publish.delay_seconds is not None:
        headers += [("Nats-Schedule", _INSTANT), ("Nats-Schedule-Target", "")]
    if publish.mode is PublishMode.ATOMIC_BATCH:
        headers += [("Nats-Batch-Id", _DIGITS), ("Nats-Batch-Sequence", "1")]
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    return sum(map(len, ["NATS/1.0\r\n", *lines, "\r\n"])) if lines else 0


def _sizes(workload: Workload) -> Iterator[tuple[str, int]]:
    """Yield the fields that say how large a message is."""
    publish = workload.publish
    # A counter has no payload.
    if publish is not None and publish.payload_file is None and publish.increment is None:
        yield "publish.payloadBytes", publish.payload_bytes
        yield "publish.payloadBytesMax", publish.payload_bytes_max or 0
    if workload.core is not None:
        yield "core.payloadBytes", workload.core.payload_bytes
    if workload.key_value is not None:
        yield "keyValue.valueBytes", workload.key_value.value_bytes
    if workload.object_store is not None:
        yield "objectStore.chunkBytes", workload.object_store.chunk_bytes
