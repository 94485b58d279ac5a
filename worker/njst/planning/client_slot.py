"""A client's slot among all clients of a workload, and its share of the messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream
from njst.contract.spec.workload import Workload
from njst.contract.stream_bounds import StreamBefore
from njst.planning.adjustments import Adjustments


def split(total: int, parts: int, index: int) -> int:
    """Return part `index` of `total` in `parts` parts that differ by at most one."""
    return total // parts + (1 if index < total % parts else 0)


@dataclass(frozen=True)
class ClientSlot:
    """A client's number among the clients of a stream, and the stream's among the streams."""

    client: int
    per_stream: int
    stream: int
    streams: int

    @property
    def index(self) -> int:
        """The client's number within its workload, over all workers and streams."""
        return self.stream * self.per_stream + self.client

    def part(self, total: int) -> int:
        """Return the client's share: split over the streams first, so that they get equal loads.

        The remainder goes to other clients on each stream, so that no worker gets all of it.
        """
        return split(self._of_stream(total), self.per_stream, self._turn)

    def first(self, count: int, messages: int | None) -> int:
        """Return the number, from 0, of the one of `count` subjects that the client begins with.

        Each client begins where the share of the previous client ends, so that as many messages as
        subjects reach each subject once.

        Args:
            count: number of subjects.
            messages: of the whole workload; None: no number is set.
        """
        clients = min(self.per_stream, count)
        if messages is not None:
            clients = min(clients, self._of_stream(messages))
        turn = self._turn % clients
        return turn * (count // clients) + min(turn, count % clients)

    def _of_stream(self, total: int) -> int:
        return split(total, self.streams, self.stream)

    @property
    def _turn(self) -> int:
        """The client's place in the split of its stream; clients without a share come last."""
        return (self.client + self.stream) % self.per_stream


@dataclass(frozen=True)
class StreamState:
    """A stream before the load: its first and last sequence, and what identifies it.

    `average_bytes` of its messages, with headers; 0: it is empty. `has_sources`: it copies messages
    of other streams beside its own.
    """

    last_sequence: int = 0
    before: StreamBefore | None = None
    first_sequence: int = 1
    average_bytes: int = 0
    allows_direct_get: bool = True
    messages: int = 0
    has_sources: bool = False


@dataclass(frozen=True)
class TargetState:
    """What is known of a target before the clients are planned.

    Attributes:
        there: the state of each stream, by its name.
        skipped: why a workload is not run, by the workload's name.
        adjusted: takes which defaults of the spec were lowered.
    """

    there: Mapping[str, StreamState] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    adjusted: Adjustments = field(default_factory=Adjustments)


@dataclass(frozen=True)
class WorkloadContext:
    """A workload of a job; `number` is its index in the spec, `there` the state of each stream.

    Planners note in `adjusted` where they take less than a default of the spec.
    """

    job: str
    spec: JobSpec
    workload: Workload
    number: int
    there: Mapping[str, StreamState]
    adjusted: Adjustments = field(default_factory=Adjustments)

    @property
    def stream(self) -> Stream | None:
        """The entry of spec.streams that the workload uses."""
        name = self.workload.stream
        return next((stream for stream in self.spec.streams if stream.name == name), None)


def ms(seconds: int | None) -> int | None:
    """Return seconds in ms; None stays None."""
    return None if seconds is None else seconds * 1000
