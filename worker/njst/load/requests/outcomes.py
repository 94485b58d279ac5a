"""The requests in flight of one client, and the recording of what becomes of each.

The request client and its fast path share it: both send requests and take answers.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.pacing.pacer import Pacer
from njst.load.protocol.request_numbers import Array, RequestNumbers, as_array, as_list
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import FEW, Answers, Sizes, bytes_of, sizes_where
from njst.load.requests.in_flight import Chunk, InFlight


class Numbers(Protocol):
    """Request numbers in any container."""

    def __len__(self) -> int: ...

    def __contains__(self, number: int, /) -> bool: ...


class Outcomes:
    """What becomes of a client's requests. Times are CLOCK_MONOTONIC ns.

    Attributes:
        pacer: what is left to send, and when it is due.
        in_flight: requests without an outcome.
        start_ns: the common start, which due times count from.
        answered_ns: when the last answer came.
        held_until: requests before this number were due while the window was full.
    """

    def __init__(
        self,
        plan: ClientPlan,
        recorder: Recorder,
        weight: int = 1,
        receipts: ProducerReceipts | None = None,
    ) -> None:
        """`weight` is how many messages a request is; the last one of the plan may be fewer."""
        self.recorder = recorder
        self.pacer = Pacer(plan, weight)
        self.in_flight = InFlight()
        self.start_ns = 0
        self.answered_ns = 0
        self.held_until = 0
        self._receipts = receipts
        self._schedule = self.pacer.schedule
        self._weight = weight
        # The last request, and by how many messages it is short.
        requests = -(-(plan.messages or 0) // weight)
        self._last = requests - 1
        self._short = requests * weight - (plan.messages or 0)

    def messages(self, numbers: Numbers) -> int:
        """Return how many messages these requests are."""
        count = len(numbers) * self._weight
        return count - self._short if self._short and self._last in numbers else count

    def sent(self, first: int, count: int, now_ns: int) -> None:
        """Record requests that leave now."""
        self.in_flight.add(first, count, now_ns)
        if self._receipts is not None:
            self._receipts.send(first + count)
        if first < self.held_until:
            self.recorder.held += min(count, self.held_until - first)
        self.recorder.attempted += self.messages(range(first, first + count))

    def answered(self, answers: Answers, now_ns: int) -> None:
        """Record good answers; a request that timed out before stays failed."""
        if answers.duplicates:
            self._count_duplicates(answers.duplicates)
        numbers, sizes = answers.numbers, answers.sizes
        if len(numbers) <= FEW:
            self._record_few(as_list(numbers), sizes, now_ns)
            return
        if isinstance(numbers, range) and (chunks := self.in_flight.take_next(numbers)):
            self._record_chunks(numbers, chunks, bytes_of(sizes, len(numbers)), now_ns)
            return
        sent = np.array(self.in_flight.take_many(as_list(numbers)), dtype=np.int64)
        known = as_array(numbers)
        good = sent != 0
        if not good.all():
            known, sent, sizes = known[good], sent[good], sizes_where(sizes, good)
        self._record(known, sent, bytes_of(sizes, len(known)), now_ns)

    def answered_in_turn(self, answers: Answers, done_ns: Sequence[int]) -> bool:
        """Record a closed loop: each answer came at its time, and the next request left then.

        Returns:
            Whether these are plain answers to the newest request and those that followed it, in
            order; if not, nothing is recorded.
        """
        first, count = self.pacer.next - 1, len(done_ns)
        wanted = range(first, first + count)
        if answers.duplicates or as_list(answers.numbers) != list(wanted):
            return False
        done = np.array(done_ns, dtype=np.int64)
        sent = np.concatenate(([self.in_flight.take(first)], done[:-1]))
        self.in_flight.add(first + count, 1, done_ns[-1])
        self.pacer.next += count
        if self._receipts is not None:
            self._receipts.send(self.pacer.next)
        self.recorder.attempted += count
        self._count(wanted, bytes_of(answers.sizes, count), done_ns[-1])
        self.recorder.latency(done - sent, done_ns[-1])
        return True

    def _count_duplicates(self, numbers: Sequence[int]) -> None:
        """Count those that are in flight: a request that timed out before stays failed."""
        known = [number for number in set(numbers) if number in self.in_flight]
        self.recorder.duplicates += len(known)
        if self._receipts is not None:
            self._receipts.duplicate(known)

    def _count(self, numbers: Sequence[int] | RequestNumbers, size: int, now_ns: int) -> None:
        self.answered_ns = now_ns
        if self._receipts is not None:
            self._receipts.acknowledge(numbers)
        self.recorder.complete(self.messages(numbers), size, now_ns)

    def _record_few(self, numbers: list[int], sizes: Sizes, now_ns: int) -> None:
        """Record answers without numpy."""
        sent: list[int] = []
        known: list[int] = []
        size = 0
        for place, number in enumerate(numbers):
            if sent_ns := self.in_flight.take(number):
                known.append(number)
                sent.append(sent_ns)
                size += sizes if isinstance(sizes, int) else int(sizes[place])
        if not known:
            return
        self._count(known, size, now_ns)
        service = [now_ns - sent_ns for sent_ns in sent]
        if self._schedule is None:
            self.recorder.latency(service, now_ns)
            return
        due_ns, start_ns = self._schedule.due_ns, self.start_ns
        due = [due_ns(number) + start_ns for number in known]
        self.recorder.latency([now_ns - at_ns for at_ns in due], now_ns)
        slip = [sent_ns - at_ns for sent_ns, at_ns in zip(sent, due, strict=True)]
        self.recorder.paced(service, slip, now_ns)

    def _record_chunks(
        self, numbers: range, chunks: Sequence[Chunk], size: int, now_ns: int
    ) -> None:
        """Record answers chunk by chunk: requests that were sent together took equally long."""
        if self._schedule is not None:
            sent = [np.full(chunk.end - chunk.first, chunk.sent_ns) for chunk in chunks]
            self._record(numbers, np.concatenate(sent), size, now_ns)
            return
        self._count(numbers, size, now_ns)
        for first, end, sent_ns in chunks:
            self.recorder.latency_times(now_ns - sent_ns, end - first, now_ns)

    def _record(self, numbers: RequestNumbers, sent_ns: Array, size: int, now_ns: int) -> None:
        self._count(numbers, size, now_ns)
        if self._schedule is None:
            self.recorder.latency(now_ns - sent_ns, now_ns)
            return
        due = self._due_ns(as_array(numbers))
        self.recorder.latency(now_ns - due, now_ns)
        self.recorder.paced(now_ns - sent_ns, sent_ns - due, now_ns)

    def _due_ns(self, numbers: Array) -> Array:
        assert self._schedule is not None
        return self._schedule.due_many_ns(numbers) + self.start_ns

    def fail(self, number: int, error_class: ErrorClass, words: str, now_ns: int) -> bool:
        """Record that a request failed; return whether it was in flight."""
        if not self.in_flight.take(number):
            return False
        self.recorder.fail(error_class, words, self.messages([number]), now_ns)
        return True

    def cut_off(self, requests: Mapping[int, int], now_ns: int) -> None:
        """Record how long requests waited that are given up: when each was sent, by number."""
        if not requests:
            return
        sent = np.fromiter(requests.values(), dtype=np.int64, count=len(requests))
        if self._schedule is None:
            self.recorder.cut_off(now_ns - sent, now_ns)
            return
        due = self._due_ns(np.fromiter(requests, dtype=np.int64, count=len(requests)))
        self.recorder.cut_off(now_ns - due, now_ns)
        self.recorder.paced(now_ns - sent, sent - due, now_ns)

    def fail_unsent(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; those that were due by now have waited since."""
        due_count = self.pacer.due_count(now_ns)
        numbers = self.pacer.drop()
        # Only those that were due: of a long load that is little of what is left.
        late = numbers[: max(0, due_count - numbers.start)]
        if self._schedule is not None and late:
            due = self._due_ns(as_array(late))
            self.recorder.cut_off(now_ns - due[due <= now_ns], now_ns)
        self.recorder.fail_unsent(error_class, words, self.messages(numbers), now_ns)
