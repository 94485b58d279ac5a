"""The messages of each producer in a range of a stream: numbers, duplicates, corruptions.

Pure but for numpy. `njst.verification.checker` puts all ranges together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from njst.contract.results.readback import Corrupted
from njst.load.protocol import stamp
from njst.load.recording.integrity import ConsumedMessages, IntegrityInspector
from njst.load.recording.number_set import NumberSet
from njst.load.recording.recorder import Recorder
from njst.verification.range_codec import ProducerRanges

# Numbers from here on, which no njst has sent, are one.
_MOST = np.uint64(1 << 62)


class SliceVerifier:
    """The producers of one stream, each of whose messages is inspected once."""

    def __init__(self, job: str, workloads: Mapping[int, str]) -> None:
        """`workloads` has the workload of each producer, by its code."""
        self._codes = np.array(sorted(workloads), dtype=np.uint32)
        self._found = {code: NumberSet() for code in workloads}
        self._copies = dict.fromkeys(workloads, 0)
        code = stamp.job_code(job)
        self._inspector = _Inspector(
            code, Recorder("", None), ConsumedMessages(), workloads=workloads
        )

    def take(self, data: bytes, at: Sequence[int], sizes: Sequence[int]) -> None:
        """Inspect payloads of `sizes` bytes at these places of `data`."""
        if not len(self._codes):
            return
        stamps = self._inspector.stamps(data, at, sizes, self._codes)
        if not len(stamps):
            return
        stamps = stamps[np.argsort(stamps["producer"], kind="stable")]
        producers = stamps["producer"]
        numbers = np.minimum(stamps["sequence"], _MOST).astype(np.int64)
        first = 0
        for last in [*(np.flatnonzero(np.diff(producers)) + 1).tolist(), len(stamps)]:
            code = int(producers[first])
            self._copies[code] += self._found[code].add(numbers[first:last])
            first = last

    def entries(self) -> list[ProducerRanges]:
        """Return the numbers that were found of each producer."""
        return [
            ProducerRanges(code, self._copies[code], None if found.is_full else found.ranges())
            for code, found in self._found.items()
            if found.ranges()
        ]

    def corrupted(self) -> list[Corrupted]:
        """Return the corrupted messages, by workload."""
        return [*self._inspector.changed.values()]


@dataclass
class _Inspector(IntegrityInspector):
    """Attributes each corrupted message to its producer."""

    workloads: Mapping[int, str] = field(default_factory=dict)
    changed: dict[str, Corrupted] = field(default_factory=dict)

    def _corrupted(self, stamps: stamp.Stamps, example: str) -> None:
        for code in stamps["producer"].tolist():
            name = self.workloads[code]
            before = self.changed.get(name, Corrupted(workload=name, count=0, example=example))
            self.changed[name] = before.model_copy(update={"count": before.count + 1})
