"""Requests at an offered rate, few at a time: each leaves when it is due, and is booked later.

A client that sends 10,000 messages a second wakes up as often to send one or two of them, or to
take as many answers. What it does then runs cold each time, and takes several times what it would
in a loop. So as little as possible is done: requests lie ready with the instants at which they are
due, an answer is only looked at far enough to know that it is the next one, and all that is to be
entered into the books is entered for a block together. Where many are due or answered at once, or
anything else comes, the general way books first and goes on.
"""

from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np

from njst.contract.plan import ClientPlan
from njst.load.ledger import Ledger
from njst.load.receipts import Receipts
from njst.load.wire.frames import Seal
from njst.load.wire.numbering import as_list
from njst.load.workloads.calls import Requests, bytes_of
from njst.load.workloads.ready import ReadyWorkload

# So many requests lie ready.
AHEAD = 64
# When more than this are due at once, to make them together costs less than to have them ready.
_FEW = 7
# Where they follow each other more closely there is no time between them to make a block ready or
# to enter one into the books: they would be late for that.
_SPACED_NS = 40_000


class _Heard(NamedTuple):
    """So many answers that arrived together."""

    data: bytes
    answers: int
    at_ns: int


class PacedWorkload(ReadyWorkload):
    """One client whose requests are due one by one."""

    most_ready = AHEAD

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        ledger: Ledger,
        requests: Requests,
        ready: Callable[[int, int], Seal],
        receipts: Receipts | None = None,
    ) -> None:
        super().__init__(plan, inbox, ledger, requests, ready, receipts)
        # When each of the block is due, and the shift of its reply subjects.
        self._instants: list[int] = []
        self._shift = 0
        # The first request of which an answer is expected.
        self._oldest = 0
        # Which of the block leaves next, which answer comes next, and how many may be under way.
        self._place = 0
        self._wanted = 0
        self._room = self._window
        # What is not in the books yet: when requests left, and what was heard.
        self._left_ns: list[int] = []
        self._heard: list[_Heard] = []
        self._leaves_few = True
        # No block is made before this number is next.
        self._not_before = 0

    def due_ns(self) -> int | None:
        """Return when the next request is due, if there is one."""
        if self._place >= len(self._instants):
            self._book()
            if not self._leaves_few or not self._prepare():
                return super().due_ns()
        return self._instants[self._place]

    def next_bytes(self, now_ns: int) -> bytes:
        """Return what is due."""
        instants, place = self._instants, self._place
        if place < len(instants):
            if now_ns < instants[place]:
                return b""
            end = place + 1
            while end < len(instants) and instants[end] <= now_ns and end - place <= _FEW:
                end += 1
            if end - place <= min(self._room, _FEW):
                return self._leave(place, end, now_ns)
        return self._leave_generally(now_ns)

    def _leave(self, place: int, end: int, now_ns: int) -> bytes:
        seal, log_ns = self._seal, now_ns + self._start.log_offset_ns
        assert seal is not None
        self._place = end
        self._room -= end - place
        self._left_ns += repeat(now_ns, end - place)
        return b"".join([seal(each, log_ns) for each in range(place, end)])

    def _leave_generally(self, now_ns: int) -> bytes:
        self._book()
        first = self._supply.next
        out = super().next_bytes(now_ns)
        if out:
            self._leaves_few = self._supply.next - first <= _FEW
            if self._tokens.shift != self._shift:
                self._drop()
            self._go_on()
        return out

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take answers, for the books or for later."""
        count = self._next_answers(data)
        if count:
            self._heard.append(_Heard(data, count, now_ns))
            self._wanted += count
            self._room += count
            return len(data)
        self._book()
        taken = super().scan(data, now_ns)
        if taken:
            self._last = data[:taken]
            self._go_on()
        return taken

    def _next_answers(self, data: bytes) -> int:
        """Return how many answers this is, if it is the next ones, whole, and nothing else."""
        length, wanted, starts = self._length, self._wanted, self._starts
        if not length or len(data) % length:
            return 0
        count = len(data) // length
        if count > _FEW or wanted + count > self._first + self._place - self._oldest:
            return 0
        for number in range(count):
            if not data.startswith(starts[wanted + number], number * length):
                return 0
        return count

    def _prepare(self) -> bool:
        """Make the requests behind those that have left, once it is known how answers look."""
        if self._supply.next < self._not_before:
            return False
        self._drop()
        supply, head = self._supply, self._answer.match(self._last)
        first = supply.next
        oldest = self._waiting.oldest(first)
        count = self._ahead if supply.limit is None else min(self._ahead, supply.limit - first)
        if head is None or supply.is_closed or count < _FEW or first - oldest > AHEAD:
            return False
        assert self._schedule is not None
        due = self._schedule.due_many_ns(np.arange(first, first + count)) + self._start.at_ns
        if due[-1] - due[0] < count * _SPACED_NS:
            self._not_before = first + count
            return False
        self._tokens.use(first, count, oldest)
        self._shift = self._tokens.shift
        self._first, self._instants = first, due.tolist()
        self._seal = self._ready(first, count)
        self._oldest = oldest
        self._expect(head, range(oldest, first + count))
        self._go_on()
        return True

    def _drop(self) -> None:
        """Have nothing ready."""
        super()._drop()
        self._instants = []

    def _go_on(self) -> None:
        """Go on from what the books say."""
        following = self._supply.next
        self._place = min(following - self._first, len(self._instants))
        self._wanted = self._waiting.oldest(following) - self._oldest
        self._room = self._window - len(self._waiting)

    def _book(self) -> None:
        """Enter into the books what has left and what was heard."""
        left_ns, heard = self._left_ns, self._heard
        if not left_ns and not heard:
            return
        self._left_ns, self._heard = [], []
        if left_ns:
            self._book_left(left_ns)
        if heard and not self._book_together(heard):
            for some in heard:
                self._take_generally(some.data, some.at_ns)
        self._go_on()

    def _book_left(self, left_ns: list[int]) -> None:
        first = self._supply.next
        self._supply.give(len(left_ns))
        for number, at_ns in enumerate(left_ns, first):
            self._waiting.add(number, 1, at_ns)
        self._note_left(first, len(left_ns))

    def _book_together(self, heard: list[_Heard]) -> bool:
        """Book plain good answers; return whether they all are, and nothing is done if not."""
        last_ns = heard[-1].at_ns
        if heard[0].at_ns < self.ledger.warm_ns <= last_ns:
            return False
        data = b"".join([some.data for some in heard])
        counts = [some.answers for some in heard]
        answers = self._requests.scan(data)
        if answers.taken != len(data) or answers.duplicates:
            return False
        first = self._waiting.oldest(self._supply.next)
        wanted = range(first, first + sum(counts))
        if as_list(answers.numbers) != list(wanted):
            return False
        chunks = self._waiting.take_next(wanted)
        if chunks is None:
            return False
        sent = np.repeat([c.sent_ns for c in chunks], [c.end - c.first for c in chunks])
        done = np.repeat([some.at_ns for some in heard], counts)
        self._count(wanted, bytes_of(answers.sizes, len(wanted)), last_ns)
        self._record_times(wanted, sent, done, last_ns)
        return True

    @property
    def done(self) -> bool:
        """Whether all that was to be sent has an outcome that is in the books."""
        return not self._left_ns and not self._heard and super().done
