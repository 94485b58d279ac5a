"""Whether every message fits the target's max_payload."""

from collections.abc import Iterator, Mapping

from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload


def check_payload_sizes(spec: JobSpec, max_payload: int, longest: Mapping[int, int]) -> None:
    """Check that each message fits the server's max_payload.

    A server closes the connection of a client that sends a larger message, so the whole load would
    be broken connections.

    Args:
        spec: the job.
        max_payload: of the target, in bytes.
        longest: bytes of the longest payload of each workload with a payload file, by the
            workload's number.

    Raises:
        SetupError: naming the field of the spec that is too large.
    """
    for number, workload in enumerate(spec.workloads):
        for field, size, header_bytes in oversized_fields(
            workload, max_payload, longest.get(number)
        ):
            more = f" and {header_bytes} of headers" if header_bytes else ""
            raise SetupError(
                "PayloadTooLarge",
                f"spec.workloads[{number}].{field}: {size} bytes{more}; the target takes at"
                f" most {max_payload} in a message (max_payload)",
            )


def oversized_fields(
    workload: Workload, limit_bytes: int, longest: int | None
) -> Iterator[tuple[str, int, int]]:
    """Yield the fields whose messages are over a limit, with the bytes of payload and headers."""
    header_bytes = _header_bytes(workload)
    for field, size in _sizes(workload, longest):
        if size + header_bytes > limit_bytes:
            yield field, size, header_bytes


def _header_bytes(workload: Workload) -> int:
    """Return the least size of a message's headers in bytes; the server counts them as payload."""
    headers = workload.kind.least_headers(workload.kind_spec, workload.stream or "")
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    return sum(map(len, ["NATS/1.0\r\n", *lines, "\r\n"])) if lines else 0


def _sizes(workload: Workload, longest: int | None) -> Iterator[tuple[str, int]]:
    """Yield the fields that set the size of a message, and that size in bytes."""
    if longest is not None:
        yield "publish.payloadFile", longest
    for field, size in workload.kind.message_sizes(workload.kind_spec):
        yield f"{workload.kind.field}.{field}", size
