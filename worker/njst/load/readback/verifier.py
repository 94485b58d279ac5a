"""What a piece of a stream has of the job's producers: which numbers, copies, what was changed.

Pure but for numpy. What that proves is known when all pieces are put together
(njst.verification.checker).
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
    """The producers of one stream, whose messages are looked at once each."""

    def __init__(self, job: str, workloads: Mapping[int, str]) -> None:
        """Prepare; `workloads` has the workload of each producer, by its code."""
        self._codes = np.array(sorted(workloads), dtype=np.uint32)
        self._found = {code: NumberSet() for code in workloads}
        self._copies = dict.fromkeys(workloads, 0)
        code = stamp.job_code(job)
        self._inspector = _Inspector(
            code, Recorder("", None), ConsumedMessages(), workloads=workloads
        )

    def take(self, data: bytes, at: Sequence[int], sizes: Sequence[int]) -> None:
        """Look at payloads of `sizes` bytes at these places of `data`."""
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
        """Return what was found of each producer of whom anything was."""
        return [
            ProducerRanges(code, self._copies[code], None if found.is_full else found.ranges())
            for code, found in self._found.items()
            if found.ranges()
        ]

    def corrupted(self) -> list[Corrupted]:
        """Return what was changed, by workload."""
        return [*self._inspector.changed.values()]


@dataclass
class _Inspector(IntegrityInspector):
    """Knows of each corrupted message whose it is."""

    workloads: Mapping[int, str] = field(default_factory=dict)
    changed: dict[str, Corrupted] = field(default_factory=dict)

    def _corrupted(self, stamps: stamp.Stamps, example: str) -> None:
        for code in stamps["producer"].tolist():
            name = self.workloads[code]
            before = self.changed.get(name, Corrupted(workload=name, count=0, example=example))
            self.changed[name] = before.model_copy(update={"count": before.count + 1})
