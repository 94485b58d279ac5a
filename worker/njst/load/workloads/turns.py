"""Requests one at a time: an answer, and the next request follows at once.

The general way through a call is made for many answers at once. Where there is never more than
one, and no pace, most of what that looks at cannot be: what is left is done here in few steps.
Anything but the one good answer goes the general way.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from njst.contract.plan import ClientPlan
from njst.load.ledger import Ledger
from njst.load.receipts import Receipts
from njst.load.workloads.base import Start
from njst.load.workloads.calls import CallWorkload, Requests


@runtime_checkable
class Alone(Protocol):
    """Requests that know an answer which comes alone."""

    def alone(self, data: bytes, number: int) -> int | None:
        """Return the payload bytes of a good answer to this request, if `data` is just that."""
        ...


class TurnWorkload(CallWorkload):
    """One client that waits for each answer."""

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        ledger: Ledger,
        requests: Requests,
        alone: Callable[[bytes, int], int | None],
        receipts: Receipts | None = None,
    ) -> None:
        super().__init__(plan, inbox, ledger, requests, receipts=receipts)
        self._alone = alone
        self._until_ns = sys.maxsize

    def start(self, start: Start) -> None:
        """Begin."""
        super().start(start)
        self._until_ns = self._end_ns or sys.maxsize

    def turn(self, data: bytes, now_ns: int) -> bytes:
        """Take the answer that is missing and return the next request.

        Returns:
            Nothing, and nothing is taken, when `data` is anything else or no request follows.
        """
        number = self._next - 1
        size = self._alone(data, number)
        if size is None or self._in_flight != 1 or self._closing:
            return b""
        if now_ns >= self._until_ns or (self._limit is not None and number + 1 >= self._limit):
            return b""
        sent, last = self._sent_ns, self._ring - 1
        sent_ns = sent.item(number & last)
        if not sent_ns:
            return b""
        sent[number & last] = 0
        sent[(number + 1) & last] = now_ns
        self._next = number + 2
        if self._receipts is not None:
            self._receipts.acknowledge([number])
            self._receipts.send(number + 2)
        self.ledger.turn(size, now_ns - sent_ns, now_ns)
        return self._requests.encode(number + 1, 1, now_ns + self._start.log_offset_ns)


def call_workload(
    plan: ClientPlan,
    inbox: str,
    ledger: Ledger,
    requests: Requests,
    lost: Callable[[Sequence[int]], None] | None = None,
    receipts: Receipts | None = None,
) -> CallWorkload:
    """Return the client that makes these requests, in turns where that is all there can be."""
    if (
        lost is None
        and plan.pace is None
        and (requests.window, requests.weight) == (1, 1)
        and isinstance(requests, Alone)
    ):
        return TurnWorkload(plan, inbox, ledger, requests, requests.alone, receipts)
    return CallWorkload(plan, inbox, ledger, requests, lost, receipts)
