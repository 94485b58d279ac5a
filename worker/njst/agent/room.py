"""Whether the target takes messages as large as a job has them."""

from collections.abc import Iterator

from njst.agent.target import SetupError
from njst.contract.job import JobSpec
from njst.contract.workload import Workload


def check_room(spec: JobSpec, max_payload: int) -> None:
    """Do nothing if each message fits into what the server takes at once.

    A server closes the connection of a client that sends more (max_payload in its INFO), so the
    whole load would be nothing but broken connections.

    Raises:
        SetupError: naming the field of the spec that is too large.
    """
    for number, workload in enumerate(spec.workloads):
        for field, size in _sizes(workload):
            if size > max_payload:
                raise SetupError(
                    "PayloadTooLarge",
                    f"spec.workloads[{number}].{field}: {size} bytes; the target takes at most"
                    f" {max_payload} in a message (max_payload)",
                )


def _sizes(workload: Workload) -> Iterator[tuple[str, int]]:
    """Yield the fields that say how large a message is."""
    if workload.publish is not None and workload.publish.payload_file is None:
        yield "publish.payloadBytes", workload.publish.payload_bytes
        yield "publish.payloadBytesMax", workload.publish.payload_bytes_max or 0
    if workload.core is not None:
        yield "core.payloadBytes", workload.core.payload_bytes
    if workload.key_value is not None:
        yield "keyValue.valueBytes", workload.key_value.value_bytes
    if workload.object_store is not None:
        yield "objectStore.chunkBytes", workload.object_store.chunk_bytes
