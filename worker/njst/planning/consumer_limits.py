"""Room for many consumers on a stream.

A server takes 1,000 of them on a stream whose configuration names no number (measured on
nats-server 2.15), and as many as that says where it does.
"""

from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream

_UNASKED = 1_000
# For those of the read-back, and of whoever looks on.
_MORE = 1_000


def most_consumers(spec: JobSpec, stream: Stream, participants: int) -> int | None:
    """Return how many consumers a stream must take; None when a server does without being asked."""
    count = sum(
        w.kind.consumers_per_stream(w.kind_spec, w.clients * participants, w.messages)
        for w in spec.workloads
        if w.stream == stream.name
    )
    return count + _MORE if count + _MORE // 10 > _UNASKED else None
