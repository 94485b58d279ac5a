"""Configuration and state of a stream in the leader's answer to STREAM.INFO."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from njst.contract.stream_bounds import StreamLimits

WORK_QUEUE = "workqueue"


@dataclass(frozen=True)
class LeaderStreamState:
    """The limits and the state of a stream."""

    created_ns: int
    limits: StreamLimits
    replicas: int
    # The inactive threshold of its consumers, in ns; 0: none.
    idle_ns: int
    first: int
    last: int
    messages: int
    bytes: int
    consumers: int
    # Sequences without a message behind the first one.
    deleted: int
    # Messages that the server reports as lost on disk.
    damaged: int


def stream_state(answer: dict[str, Any]) -> LeaderStreamState:
    """Decode an answer to STREAM.INFO.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is malformed.
    """
    config, state = answer["config"], answer["state"]
    limits = config.get("consumer_limits") or {}
    last = int(state["last_seq"])
    messages = int(state.get("messages", 0))
    # An empty stream reports the sequence behind its last one, or 0 when it never had a message.
    first = int(state.get("first_seq", 0))
    if not messages and not first:
        first = last + 1 if last else 0
    return LeaderStreamState(
        created_ns=_time_ns(answer.get("created")),
        limits=stream_limits(config),
        replicas=int(config["num_replicas"]),
        idle_ns=int(limits.get("inactive_threshold") or 0),
        first=first,
        last=last,
        messages=messages,
        bytes=int(state.get("bytes", 0)),
        consumers=int(state.get("consumer_count", 0)),
        deleted=int(state.get("num_deleted", 0)),
        damaged=len((state.get("lost") or {}).get("msgs") or ()),
    )


def stream_limits(config: dict[str, Any]) -> StreamLimits:
    """Return the limits of a stream configuration in JetStream's own terms."""
    return StreamLimits(
        retention=str(config.get("retention", "limits")),
        discard=str(config.get("discard", "old")),
        max_msgs=_limit(config.get("max_msgs")),
        max_bytes=_limit(config.get("max_bytes")),
        max_age=int(config.get("max_age") or 0),
        max_msgs_per_subject=_limit(config.get("max_msgs_per_subject")),
    )


def _limit(bound: int | None) -> int:
    return bound if bound is not None and bound > 0 else -1


def _time_ns(text: object) -> int:
    """Return an RFC 3339 time in ns, to the microsecond; 0 for anything else."""
    if not isinstance(text, str):
        return 0
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1_000_000) * 1000
    except ValueError:
        return 0
