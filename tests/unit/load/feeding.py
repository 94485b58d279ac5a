"""What a client does with what it hears, and what it says of its errors."""

from typing import Protocol

from njst.contract.results.tallies import ErrorClass, WorkloadTally
from njst.load.protocol.parser import Frame, parse


class Hearing(Protocol):
    """A workload, as far as it hears."""

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take what is plain, and return how many bytes that was."""

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take a frame."""


def feed(workload: Hearing, data: bytes, now_ns: int) -> None:
    """Let a workload hear a chunk that ends with a frame."""
    rest = data[workload.scan(data, now_ns) :]
    frames, used = parse(rest)
    assert used == len(rest)
    for frame in frames:
        workload.on_frame(frame, now_ns)


def errors(tally: WorkloadTally) -> dict[ErrorClass, int]:
    """Return how many errors of each class there were."""
    return {error.error_class: error.count for error in tally.errors}
