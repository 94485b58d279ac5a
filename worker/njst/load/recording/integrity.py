"""Corrupted, duplicated and reordered messages of a consumer.

Pure but for numpy. Only first deliveries are inspected: a redelivery is no fault of the store.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol import stamp
from njst.load.recording.number_set import NumberSet
from njst.load.recording.recorder import Nanoseconds, Recorder

# How far back a duplicate is recognised, for each producer.
MEMORY = 8192
# Sequences from here on, which no njst has sent, are for the arrays to make something of.
_MOST = 1 << 62

Positions = npt.NDArray[np.int64]
Sequences = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


@dataclass
class ConsumedMessages:
    """What one consumer delivered to all clients of a process, by producer.

    With `noted`, also the numbers of each producer's messages, redeliveries too.
    """

    noted: dict[int, NumberSet] | None = None
    _seen: dict[int, Sequences] = field(default_factory=dict)

    def repeated(self, producer: int, sequences: Sequences) -> Flags:
        """Record the messages; return which are duplicates, of this call or earlier ones."""
        if self.noted is not None:
            self.keep(producer, np.minimum(sequences, np.uint64(_MOST)).astype(np.int64))
        seen = self._seen.get(producer)
        if seen is None:
            seen = self._seen[producer] = np.zeros(MEMORY, dtype=np.uint64)
        places = sequences % np.uint64(MEMORY)
        marks = sequences + np.uint64(1)
        before = seen[places]
        again: Flags = before == marks
        if (sequences[1:] <= sequences[:-1]).any():
            again |= second_copies(sequences)
        # An old message must not make a newer one forgotten.
        seen[places] = np.maximum(before, marks)
        return again

    def takes(self, producer: int, sequence: int) -> bool:
        """Record one message, unless it is a duplicate; return whether it was recorded."""
        if self.noted is not None:
            self.keep(producer, [sequence])
        seen = self._seen.get(producer)
        if seen is None:
            seen = self._seen[producer] = np.zeros(MEMORY, dtype=np.uint64)
        place = sequence % MEMORY
        before = seen.item(place)
        if before == sequence + 1:
            return False
        seen[place] = max(before, sequence + 1)
        return True

    def keep(self, producer: int, numbers: Positions | list[int]) -> None:
        """Record messages with `noted`, duplicates too."""
        if self.noted is None:
            return
        kept = self.noted.get(producer)
        if kept is None:
            kept = self.noted[producer] = NumberSet()
        kept.add(numbers)


def second_copies(sequences: Sequences | Positions) -> Flags:
    """Return which of them repeat an earlier one.

    Not by numpy.unique: its first call imports numpy.ma, which would hold up the load for 50 ms.
    """
    order = np.argsort(sequences, kind="stable")
    ordered = sequences[order]
    copies = np.zeros(len(sequences), dtype=np.bool_)
    copies[order[1:]] = ordered[1:] == ordered[:-1]
    return copies


@dataclass
class IntegrityInspector:
    """Inspects what one client receives; faults go into the recorder."""

    job: int
    recorder: Recorder
    consumed: ConsumedMessages
    # What a member of a queue group that leaves has not taken goes to another one, behind what
    # that one has had: such a group promises no order.
    is_ordered: bool = field(default=True, kw_only=True)
    _last: dict[int, int] = field(default_factory=dict)

    def inspect(
        self, data: bytes, at: Sequence[int] | Positions, sizes: Sequence[int], log_ns: int
    ) -> Nanoseconds:
        """Check payloads of `sizes` bytes at these places of `data`, in order of arrival.

        Returns:
            How long each message of this job took from its publish to `log_ns`, in ns; without
            messages that have no stamp or are of other jobs.
        """
        if len(at) == 1 and (time_ns := self._alone(data, int(at[0]), sizes[0])) is not None:
            return np.array([log_ns - time_ns])
        stamps = self.stamps(data, at, sizes)
        self._check_order(stamps)
        return log_ns - stamps["time_ns"].astype(np.int64)

    def note(self, data: bytes, at: int, size: int) -> None:
        """Record a redelivery with `noted`; it is not checked."""
        if self.consumed.noted is not None and size >= stamp.SIZE:
            one = stamp.whole(data, at, self.job)
            if one is not None and one.sequence < _MOST:
                self.consumed.keep(one.producer, [one.sequence])

    def _alone(self, data: bytes, at: int, size: int) -> int | None:
        """Return when one message was published, if it has no fault; else it is not taken.

        A shortcut for single messages: numpy pays for many.
        """
        if size < stamp.SIZE:
            return None
        one = stamp.whole(data, at, self.job)
        if one is None or zlib.crc32(memoryview(data)[at + stamp.SIZE : at + size]) != one.body:
            return None
        if not self._last.get(one.producer, -1) < one.sequence < _MOST:
            return None
        if not self.consumed.takes(one.producer, one.sequence):
            return None
        self._last[one.producer] = one.sequence
        return one.time_ns

    def stamps(
        self,
        data: bytes,
        at: Sequence[int] | Positions,
        sizes: Sequence[int],
        producers: npt.NDArray[np.uint32] | None = None,
    ) -> stamp.Stamps:
        """Return the stamps of this job's messages, or of some of its producers.

        Producers are given in ascending order. Bodies are checked; a message whose stamp is broken
        is counted, and left out.
        """
        starts = np.array(at, dtype=np.int64)
        lengths = np.array(sizes, dtype=np.int64)
        roomy = lengths >= stamp.SIZE
        if not roomy.all():
            starts, lengths = starts[roomy], lengths[roomy]
        if not len(starts):
            return np.empty(0, dtype=stamp.STAMP)
        stamps = stamp.read(np.frombuffer(data, dtype=np.uint8), starts)
        if producers is not None:
            places = np.searchsorted(producers, stamps["producer"])
            wanted = producers[np.minimum(places, len(producers) - 1)] == stamps["producer"]
            stamps, starts, lengths = stamps[wanted], starts[wanted], lengths[wanted]
        own, broken = self._own(stamps)
        if broken.any():
            self._corrupted(stamps[broken], "a stamp that was changed on its way")
        if not own.all():
            stamps, starts, lengths = stamps[own], starts[own], lengths[own]
        self._check_bodies(data, stamps, starts, lengths)
        return stamps

    def _own(self, stamps: stamp.Stamps) -> tuple[Flags, Flags]:
        """Return which messages are this job's and whole, and which are this job's and broken.

        A stamp that neither names this job nor would be whole if it did is another job's message.
        """
        named = stamps["job"] == self.job
        whole = stamp.genuine(stamps)
        own = named & whole
        if own.all():
            return own, ~own
        as_own = stamps.copy()
        as_own["job"] = self.job
        renamed = ~named & stamp.genuine(as_own)
        return own, (named & ~whole) | renamed

    def _check_bodies(
        self, data: bytes, stamps: stamp.Stamps, starts: Positions, lengths: Positions
    ) -> None:
        view = memoryview(data)
        crc32, skip = zlib.crc32, stamp.SIZE
        ends = (starts + lengths).tolist()
        found = [
            crc32(view[start + skip : end])
            for start, end in zip(starts.tolist(), ends, strict=True)
        ]
        wrong = np.array(found, dtype=np.uint32) != stamps["body"]
        if wrong.any():
            first = stamps[wrong][0]
            self._corrupted(
                stamps[wrong],
                f"message {first['sequence']} of producer {first['producer']:08x} has another body",
            )

    def _corrupted(self, stamps: stamp.Stamps, example: str) -> None:
        self.recorder.add_finding(ErrorClass.CORRUPTED, example, len(stamps))

    def _check_order(self, stamps: stamp.Stamps) -> None:
        producers = stamps["producer"]
        for producer in sorted(set(producers.tolist())):
            sequences = stamps["sequence"][producers == producer].astype(np.uint64)
            again = self.consumed.repeated(producer, sequences)
            last = self._last.get(producer, -1)
            values = sequences.astype(np.int64)
            before = np.maximum.accumulate(np.concatenate(([last], values[:-1])))
            behind = (values <= before) & ~again
            self._last[producer] = max(last, int(values.max()))
            self._blame(ErrorClass.DUPLICATED, producer, values[again], "came again")
            if self.is_ordered:
                words = "came after a later one"
                self._blame(ErrorClass.REORDERED, producer, values[behind], words)

    def _blame(
        self, error_class: ErrorClass, producer: int, sequences: Positions, how: str
    ) -> None:
        if len(sequences):
            words = f"message {sequences[0]} of producer {producer:08x} {how}"
            self.recorder.add_finding(error_class, words, len(sequences))
