"""What a valid spec may not mean as its author meant it, in sentences; pure."""

from collections.abc import Iterator

from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Discard, Retention, Stream


def hints(spec: JobSpec) -> list[str]:
    """Return a sentence for each combination that does what few expect; it names the field."""
    return [
        f"spec.streams[{number}] ({stream.name}): {words}"
        for number, stream in enumerate(spec.streams)
        if not stream.use_existing
        for words in _of_stream(spec, stream)
    ]


def _of_stream(spec: JobSpec, stream: Stream) -> Iterator[str]:
    refuses_new = stream.discard is Discard.NEW
    if (
        refuses_new
        and stream.max_messages_per_subject is not None
        and not stream.discard_new_per_subject
    ):
        yield (
            "a full subject drops its oldest message although discard is New;"
            " discardNewPerSubject: true refuses the new one"
        )
    is_read = any(
        workload.consume is not None and workload.stream == stream.name
        for workload in spec.workloads
    )
    if stream.retention is Retention.INTEREST and not is_read:
        yield "retention Interest keeps no message as long as the stream has no consumer"
