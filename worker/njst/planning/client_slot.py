"""Where a client stands in a job, and what that makes its part."""

from collections.abc import Mapping
from dataclasses import dataclass

from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Stream
from njst.contract.spec.workload import Workload
from njst.contract.stream_bounds import StreamBefore


def split(total: int, parts: int, index: int) -> int:
    """Return part `index` of `total` in `parts` parts that differ by at most one."""
    return total // parts + (1 if index < total % parts else 0)


@dataclass(frozen=True)
class ClientSlot:
    """Where a client stands: its number among all on a stream, and the stream's among all."""

    client: int
    per_stream: int
    stream: int
    streams: int

    @property
    def index(self) -> int:
        """The client's number within its workload, over all workers and streams."""
        return self.stream * self.per_stream + self.client

    def part(self, total: int) -> int:
        """Return the client's part: over the streams first, so that they get equal loads.

        What does not divide goes to other clients on each stream, so that no worker gets it all.
        """
        return split(self._of_stream(total), self.per_stream, self._turn)

    def first(self, count: int, messages: int | None) -> int:
        """Return at which of `count` subjects, from 0, the client begins.

        The clients of a stream stand as its messages are split, each where the part of the one
        before ends: as many messages as subjects reach each of them once. None: without a number.
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
        """When its stream deals out to the client: those without a part come last."""
        return (self.client + self.stream) % self.per_stream


@dataclass(frozen=True)
class StreamState:
    """What set-up knows of a stream: its last sequence, and what else tells it from another."""

    last_sequence: int = 0
    before: StreamBefore | None = None


@dataclass(frozen=True)
class WorkloadContext:
    """A workload of a job; `number` is its place in the list."""

    job: str
    spec: JobSpec
    workload: Workload
    number: int
    there: Mapping[str, StreamState]

    @property
    def stream(self) -> Stream | None:
        """The entry of the spec's streams that it works on."""
        name = self.workload.stream
        return next((stream for stream in self.spec.streams if stream.name == name), None)


def ms(seconds: int | None) -> int | None:
    """Return seconds in ms, where there are any."""
    return None if seconds is None else seconds * 1000
