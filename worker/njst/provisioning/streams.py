"""Streams that are filled from others: nobody publishes to them."""

from nats.js.api import StreamInfo

from njst.contract.results.outcome import (
    SetupError,
)
from njst.contract.spec.job import (
    JobSpec,
)
from njst.contract.spec.stream import (
    Stream,
)


def check_subjects(spec: JobSpec, stream: Stream, info: StreamInfo) -> None:
    """Refuse a publisher that is pointed at a stream without subjects.

    Raises:
        SetupError: naming the workload, and where its messages should go.
    """
    config = info.config
    if config.subjects:
        return
    origins = [source.name for source in [config.mirror, *(config.sources or [])] if source]
    for number, workload in enumerate(spec.workloads):
        if workload.stream != stream.name or workload.publish is None:
            continue
        words = f"spec.workloads[{number}] ({workload.name}).stream: {config.name} has no subjects"
        if origins:
            named = " or ".join(origins)
            words = f"{words}, it is filled from {named}; publish to {named}"
        raise SetupError("StreamTakesNoSubjects", words)
