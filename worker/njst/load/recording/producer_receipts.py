"""What a producer was acknowledged: recorded during the load, read back after it."""

from collections.abc import Callable, Sequence

from njst.contract.plan import ClientPlan, Receipt
from njst.contract.results.readback import TOO_MANY_HOLES
from njst.load.protocol import stamp
from njst.load.protocol.request_numbers import RequestNumbers, as_list
from njst.load.recording.ack_marks import AckMarks
from njst.load.recording.number_set import NumberSet
from njst.verification.ranges import count


class ProducerReceipts:
    """One client's receipts; a request is `weight` messages, the last one perhaps fewer."""

    def __init__(self, plan: ClientPlan, wall_ms: Callable[[], int], weight: int = 1) -> None:
        publish = plan.publish
        assert publish is not None
        assert publish.read_back is not None
        self._plan = plan
        self._read_back = publish.read_back
        self._weight = weight
        self._acknowledged = NumberSet()
        # Messages that the stream acknowledged as duplicates of a stored one.
        self._duplicates = NumberSet()
        self.marks = AckMarks(wall_ms)
        self._obstacle = ""
        self._sent = 0
        self._count = 0

    def _end(self, request: int) -> int:
        """Return the number of the first message behind a request."""
        end = (request + 1) * self._weight
        return end if self._plan.messages is None else min(end, self._plan.messages)

    def send(self, requests: int) -> None:
        """Record that the requests below this number have been sent."""
        self._sent = self._end(requests - 1)

    def acknowledge(self, requests: Sequence[int] | RequestNumbers) -> None:
        """Record requests that were acknowledged."""
        if self._weight == 1:
            self._count += len(requests)
            self._acknowledged.add(requests)
            return
        for request in as_list(requests):
            self.acknowledge_range(request * self._weight, self._end(request))

    def acknowledge_range(self, begin: int, end: int) -> None:
        """Record messages by their own numbers."""
        self._count += end - begin
        self._acknowledged.add_range(begin, end)

    def duplicate(self, numbers: Sequence[int]) -> None:
        """Record acknowledged messages that were not stored: the stream had their ids."""
        self._duplicates.add(sorted(numbers))

    def obstruct(self, reason: str) -> None:
        """Record, in one CamelCase word, why a read-back would prove nothing."""
        self._obstacle = reason

    def receipt(self) -> Receipt:
        """Return all that is known by now."""
        read_back = self._read_back
        is_full = self._acknowledged.is_full or self._duplicates.is_full
        obstacle = self._obstacle or (TOO_MANY_HOLES if is_full else "")
        if obstacle and not read_back.obstacle:
            read_back = read_back.model_copy(update={"obstacle": obstacle})
        stored = list(self._acknowledged.without(self._duplicates))
        again = 0 if is_full else len(self._acknowledged) - count(stored)
        return Receipt(
            workload=self._plan.workload,
            code=stamp.producer_code(self._plan.number, self._plan.index),
            sent=self._sent,
            count=self._count - again,
            acknowledged=stored,
            marks=[tuple(mark) for mark in self.marks.marks()],
            read_back=read_back,
        )
