"""What a client has left to send, and when each message is due."""

from njst.contract.plan import ClientPlan
from njst.load.load_client import StartTime
from njst.load.pacing.arrival_schedule import ArrivalSchedule


def planned_of(plan: ClientPlan) -> int | None:
    """Return how many messages a client has to send; None when only time ends it.

    With an offered rate and a duration these are the messages that are due in it.
    """
    if plan.messages is not None or plan.pace is None or plan.duration_ms is None:
        return plan.messages
    return ArrivalSchedule(plan.pace).due_count(plan.duration_ms * 1_000_000 - 1)


class Pacer:
    """Numbers from 0 on, up to a limit or an instant; at an offered rate, each when it is due.

    At an offered rate a duration is a number of messages: late ones are sent all the same.

    Attributes:
        next: the number that leaves next; also how many have left.
        limit: how many numbers there are; None when only time ends them.
        schedule: when each is due, from the start on; None when answers alone set the pace.
        end_ns: when time ends them, CLOCK_MONOTONIC; 0 when it does not.
        is_closed: whether no more may leave.
    """

    def __init__(self, plan: ClientPlan, weight: int = 1) -> None:
        """`weight` is how many messages share a number."""
        self.next = 0
        planned = planned_of(plan)
        self.limit = None if planned is None else -(-planned // weight)
        self.schedule = None if plan.pace is None else ArrivalSchedule(plan.pace)
        self.end_ns = 0
        self.is_closed = False
        self._duration_ms = plan.duration_ms
        self._start = StartTime(0)
        # When `next` is due; meaningless at the limit.
        self._due_ns = 0

    def start(self, start: StartTime) -> None:
        """Count due times and the duration from here."""
        self._start = start
        if self.schedule is not None:
            self._due_ns = self._instant_ns(self.next)
        elif self._duration_ms is not None:
            self.end_ns = start.at_ns + self._duration_ms * 1_000_000

    def take(self, most: int, now_ns: int) -> int:
        """Let up to `most` numbers leave, from `next` on; return how many do."""
        self.look(now_ns)
        if self.is_closed:
            return 0
        if self.schedule is not None and now_ns < self._due_ns:
            return 0
        count = most
        if self.limit is not None:
            count = min(count, self.limit - self.next)
        if count <= 0:
            return 0
        if self.schedule is not None:
            return self._take_due(count, now_ns)
        self.next += count
        return count

    def _take_due(self, most: int, now_ns: int) -> int:
        """Let due numbers leave; nearly always only the next one is due."""
        after_ns = self._instant_ns(self.next + 1)
        if most == 1 or now_ns < after_ns:
            self.next += 1
            self._due_ns = after_ns
            return 1
        count = min(most, self.due_count(now_ns) - self.next)
        self.next += count
        self._due_ns = self._instant_ns(self.next)
        return count

    def _instant_ns(self, number: int) -> int:
        """Return when a number is due at the offered rate; 0 beyond the limit."""
        if self.schedule is None or (self.limit is not None and number >= self.limit):
            return 0
        return self._start.at_ns + self.schedule.due_ns(number)

    def drop(self) -> range:
        """Let nothing leave any more; return the numbers that were left, if they are known."""
        self.is_closed = True
        rest = range(self.next, self.next if self.limit is None else max(self.next, self.limit))
        # A client may give up more than once; its unsent messages fail once.
        self.limit = self.next
        return rest

    def look(self, now_ns: int) -> None:
        """Close when the time is over."""
        if self.end_ns and now_ns >= self.end_ns:
            self.is_closed = True

    def due_count(self, now_ns: int) -> int:
        """Return how many are due by now at an offered rate, with those that have left; else 0."""
        if self.schedule is None:
            return 0
        if now_ns < self._due_ns:
            return self.next
        return self.schedule.due_count(now_ns - self._start.at_ns)

    def due_ns(self) -> int | None:
        """Return when the next one is due; None without an offered rate, or when none is left."""
        return None if self.schedule is None or self.is_over else self._due_ns

    @property
    def is_over(self) -> bool:
        """Whether nothing leaves any more."""
        return self.is_closed or (self.limit is not None and self.next >= self.limit)
