"""What a stream that copies others will have: a mirror its origin, one with sources all of them."""

from collections.abc import Mapping
from dataclasses import replace

from njst.contract.names.assets import stream_names
from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream
from njst.planning.client_slot import StreamState, WorkloadContext, split


def copied_state(
    stream: Stream, state: StreamState, origins: Mapping[str, StreamState]
) -> StreamState:
    """Return the state of a stream once it has copied what its origins have now.

    A mirror keeps sequences; a stream with sources counts anew. Where an origin is filtered, or its
    state is unknown, the stream's own sequences stand.

    Args:
        stream: the entry of the stream.
        state: of the stream, as it was created.
        origins: the states of its origins, by name.
    """
    names = [origin.name for origin in stream.origins]
    if not names or any(name not in origins for name in names):
        return state
    average = max(origins[name].average_bytes for name in names)
    state = replace(state, average_bytes=max(state.average_bytes, average))
    if is_filtered(stream):
        return state
    if stream.mirror is not None:
        origin = origins[stream.mirror.name]
        last = max(state.last_sequence, origin.last_sequence)
        return replace(state, first_sequence=origin.first_sequence, last_sequence=last)
    copied = sum(origins[name].messages for name in names)
    return replace(state, last_sequence=max(state.last_sequence, copied))


def is_filtered(stream: Stream) -> bool:
    """Whether only a part of an origin is copied."""
    return any(origin.filter_subject is not None for origin in stream.origins)


def published_before(work: WorkloadContext, stream: Stream, number: int) -> int:
    """Return how many messages earlier workloads publish to a stream, or to its origins.

    Args:
        work: the workload that begins when the others have ended.
        stream: the entry of the stream.
        number: the stream's number among those of the entry.
    """
    own = sum(
        split(workload.messages, stream.count, number)
        for workload in work.spec.before(work.workload)
        if workload.publish is not None
        and workload.stream == stream.name
        and workload.messages is not None
    )
    # An origin is an earlier entry, so this ends.
    return own + sum(
        published_before(work, *found)
        for origin in stream.origins
        if (found := _entry_of(work.spec, origin.name)) is not None
    )


def _entry_of(spec: JobSpec, name: str) -> tuple[Stream, int] | None:
    for stream in spec.streams:
        names = stream_names(stream)
        if name in names:
            return stream, names.index(name)
    return None
