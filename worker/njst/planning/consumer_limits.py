"""How many consumers a stream must allow (max_consumers).

A server allows 1,000 consumers on a stream whose configuration sets no limit (measured on
nats-server 2.15).
"""

from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream

_DEFAULT_LIMIT = 1_000
# For the consumers of the read-back and of observers.
_RESERVE = 1_000


def most_consumers(spec: JobSpec, stream: Stream, participants: int) -> int | None:
    """Return how many consumers a stream must allow; None if the server's default is enough."""
    count = sum(
        w.kind.consumers_per_stream(w.kind_spec, w.clients * participants, w.messages)
        for w in spec.workloads
        if w.stream == stream.name
    )
    return count + _RESERVE if count + _RESERVE // 10 > _DEFAULT_LIMIT else None
