"""A kind of workload as one row: its models, and each fact that other rooms need to know of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from pydantic.alias_generators import to_camel, to_pascal

from njst.contract.model import Message, Model, Rule

Spec = TypeVar("Spec", bound=Model)
Plan = TypeVar("Plan", bound=Message)


@dataclass(frozen=True)
class ServerRelease:
    """The first server release that has a feature, and its API level."""

    level: int
    version: str


# server/jetstream_versioning.go and ADR-44.
V2_11 = ServerRelease(1, "2.11")
V2_12 = ServerRelease(2, "2.12")
V2_14 = ServerRelease(4, "2.14")


class StreamFeature(Enum):
    """What a stream of a job must be configured for; see StreamConfig in nats-server."""

    ATOMIC_BATCHES = auto()
    FAST_BATCHES = auto()
    MESSAGE_TTLS = auto()
    COUNTERS = auto()
    SCHEDULES = auto()


# The fewest digits of a message id or a sequence in a header that njst sends.
SHORTEST_NUMBER = "0" * 10


@dataclass(frozen=True)
class Predicate:
    """A predicate on the spec of a kind, once for Python and once for a Kubernetes API server.

    In `cel` self is the workload: `self.publish.mode == 'Synchronous'`.
    """

    holds: Callable[[Any], bool]
    cel: str


ALWAYS = Predicate(lambda _: True, "true")
NEVER = Predicate(lambda _: False, "false")


def nothing(_: Any) -> tuple[()]:
    """Return no entries: no messages are sent, or no feature is needed."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[Spec, Plan]):
    """One kind of workload.

    Fields without a default must be given, because a forgotten one would be silently wrong; decide
    on the defaults too.

    Attributes:
        name: The field of `Workload` and `ClientPlan` that holds its spec and its plan, and its
            key in KINDS, PLANNERS and LOAD_KINDS.
        can_be_paced: Whether a client sends single messages, so that each can have its due time.
        receives: Whether its messages come from publishers, which may be other workers: its
            latencies then compare the clocks of two hosts.
        timeout_ms: How long a client waits for an answer, or for a message.
        message_sizes: The fields that say how many bytes the payload of a message has, and how
            many those are.
        least_headers: The headers of a message on the named stream, each with its shortest
            value: they give the least size of a message. What is sent is made in the load.
        server_features: The fields that not every server supports, each with its first release.
        stream_features: What a stream that the job creates must be configured for.
        consumers_per_stream: How many consumers a stream has at once for so many clients of all
            workers and so many messages; None: only time ends the workload.
        reads_directly: Whether it reads messages with direct gets alone, which a stream must allow.
        needs_stream: Whether the workload must name one of spec.streams.
        workload_rules: Rules about the fields of a workload of this kind.
    """

    name: str
    spec: type[Spec]
    plan: type[Plan]
    can_be_paced: Predicate
    receives: Callable[[Spec], bool]
    timeout_ms: Callable[[Plan], int]
    message_sizes: Callable[[Spec], Iterable[tuple[str, int]]]
    least_headers: Callable[[Spec, str], Iterable[tuple[str, str]]] = lambda spec, _: nothing(spec)
    server_features: Callable[[Spec], Iterable[tuple[str, ServerRelease]]] = nothing
    stream_features: Callable[[Spec], Iterable[StreamFeature]] = nothing
    consumers_per_stream: Callable[[Spec, int, int | None], int] = lambda _spec, _clients, _n: 1
    reads_directly: Callable[[Spec], bool] = lambda _: False
    needs_stream: bool = True
    workload_rules: tuple[Rule, ...] = ()

    @property
    def field(self) -> str:
        """Its name in documents: `keyValue`."""
        return to_camel(self.name)

    @property
    def title(self) -> str:
        """Its name in reports: `KeyValue`."""
        return to_pascal(self.name)


def stream_prefix_rule(name: str, prefix: str) -> Rule:
    """Return the rule that the stream of a workload of this kind has a name with a prefix."""
    field = to_camel(name)
    return Rule(
        cel=f"!has(self.{field}) || !has(self.stream) || self.stream.startsWith('{prefix}')",
        message=f"the stream of {'an' if field[0] in 'aeiou' else 'a'} {field} workload must begin"
        f" with {prefix}",
        holds=lambda workload: (
            getattr(workload, name) is None
            or workload.stream is None
            or workload.stream.startswith(prefix)
        ),
    )
