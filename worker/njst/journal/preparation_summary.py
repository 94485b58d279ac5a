"""What the participants of a job found out about its target, for the report."""

from collections.abc import Iterable

from njst.contract.results.preparation import (
    Adjustment,
    Environment,
    Preparation,
    StreamPlacement,
)
from njst.journal.state.job_view import JobView

_MOST_ADJUSTED = 64
# Different values of each kind.
_MOST_VALUES = 16
_MOST_STREAMS = 32


def adjusted(view: JobView) -> list[Adjustment]:
    """Return the adjustments of all participants, equal ones once."""
    each = (adjustment for some in _preparations(view) for adjustment in some.adjusted)
    distinct = {(a.workload, a.field, a.value): a for a in each}
    return list(distinct.values())[:_MOST_ADJUSTED]


def environment(view: JobView) -> Environment | None:
    """Return what was tested; None as long as no participant has said anything."""
    found = _preparations(view)
    sessions = [some.session for some in found if some.session is not None]
    if not sessions:
        return None
    streams: dict[str, StreamPlacement] = {}
    for some in found:
        for placement in some.streams:
            # A worker may have asked while the servers were electing a leader.
            if not (known := streams.get(placement.stream)) or not known.leader:
                streams[placement.stream] = placement
    return Environment(
        njst_versions=_distinct(s.njst_version for s in sessions),
        cores=_distinct(s.cores for s in sessions),
        servers=_distinct(s.server for s in sessions),
        server_versions=_distinct(s.server_version for s in sessions),
        clusters=_distinct(s.cluster for s in sessions),
        domains=_distinct(s.domain for s in sessions),
        accounts=_distinct(s.account for s in sessions),
        users=_distinct(s.user for s in sessions),
        streams=list(streams.values())[:_MOST_STREAMS],
    )


def _preparations(view: JobView) -> list[Preparation]:
    parts = (part for _, part in sorted(view.parts.items()))
    return [part.preparation for part in parts if part.preparation is not None]


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})[:_MOST_VALUES]
