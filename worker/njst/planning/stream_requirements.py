"""Whether an existing stream supports the workloads of a job."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from njst.contract.kinds.get import BY_SUBJECT
from njst.contract.kinds.publish import Expect, Verify
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.planning.payload_limits import oversized_fields
from njst.planning.stream_copies import is_filtered


@dataclass(frozen=True)
class StreamSettings:
    """Settings that decide whether a workload can use a stream; see StreamConfig in nats-server."""

    name: str
    has_subjects: bool = True
    # Names of its mirror origin and sources.
    origins: tuple[str, ...] = ()
    acknowledges: bool = True
    is_sealed: bool = False
    allows_direct_get: bool = True
    # Whether it copies only a part of its origin.
    is_filtered: bool = False
    # Maximum size of a message with its headers; None: no limit.
    max_message_bytes: int | None = None


def needs_state(spec: JobSpec, stream: str) -> bool:
    """Whether a job needs to know the state of an existing stream before the load.

    A job whose workloads only publish, and whose messages are not read back, does not: its user
    needs no permission but for its subjects and its inbox.
    """
    return not all(
        workload.publish is not None
        and workload.publish.verify is Verify.NONE
        and workload.publish.expect is Expect.NONE
        for workload in spec.workloads
        if workload.stream == stream
    )


def check_stream(
    number: int, workload: Workload, settings: StreamSettings, longest: int | None
) -> None:
    """Check that a workload can use this existing stream.

    Args:
        number: index of the workload in spec.workloads.
        workload: the workload.
        settings: settings of the stream.
        longest: bytes of the longest payload of its payload file; None: it has no file.

    Raises:
        SetupError: names the workload, the field, and the setting of the stream.
    """
    for field, reason, words in _obstacles(workload, settings, longest):
        raise SetupError(reason, f"spec.workloads[{number}] ({workload.name}).{field}: {words}")


def check_made_streams(spec: JobSpec, skipped: Collection[str], longest: Mapping[int, int]) -> None:
    """Check that the streams that a job creates can be used by its workloads.

    Args:
        spec: the job.
        skipped: names of workloads that do not run.
        longest: bytes of the longest payload of each workload with a payload file, by its index.

    Raises:
        SetupError: names the workload, the field, and the setting of the stream.
    """
    streams = {stream.name: stream for stream in spec.streams if not stream.use_existing}
    for number, workload in enumerate(spec.workloads):
        stream = streams.get(workload.stream or "")
        if stream is not None and workload.name not in skipped:
            settings = StreamSettings(
                name=stream.name,
                allows_direct_get=stream.allow_direct is not False,
                is_filtered=is_filtered(stream),
                max_message_bytes=stream.max_message_bytes,
            )
            check_stream(number, workload, settings, longest.get(number))


def _obstacles(
    workload: Workload, settings: StreamSettings, longest: int | None
) -> Iterator[tuple[str, str, str]]:
    """Yield for each obstacle the field, the reason, and an explanation."""
    name = settings.name
    if workload.publish is not None:
        if not settings.has_subjects:
            words = f"{name} has no subjects"
            if settings.origins:
                origins = " or ".join(settings.origins)
                words = f"{words}, it is filled from {origins}; publish to {origins}"
            yield "stream", "StreamTakesNoSubjects", words
        if not settings.acknowledges:
            yield "publish", "StreamUnsuitable", f"{name} acknowledges no message (no_ack)"
        if settings.is_sealed:
            yield "publish", "StreamUnsuitable", f"{name} takes no messages any more (sealed)"
    if not settings.allows_direct_get and workload.kind.reads_directly(workload.kind_spec):
        field = workload.kind.field
        words = f"{name} allows no direct gets (allow_direct is false); its leader can be read by"
        words += " get in the modes Sequence and LastBySubject (readFrom: Leader)"
        yield field, "StreamUnsuitable", words
    get = workload.get
    if settings.is_filtered and get is not None and get.mode not in BY_SUBJECT and not get.subjects:
        words = f"{name} copies a part of its origin (filterSubject): its sequences are not known"
        yield "get", "StreamUnsuitable", f"{words}; read by subject"
    if settings.max_message_bytes is not None:
        for field, size, header_bytes in oversized_fields(
            workload, settings.max_message_bytes, longest
        ):
            more = f" and {header_bytes} of headers" if header_bytes else ""
            words = f"{size} bytes{more}; {name} takes at most {settings.max_message_bytes}"
            yield field, "PayloadTooLarge", f"{words} in a message (max_msg_size)"
