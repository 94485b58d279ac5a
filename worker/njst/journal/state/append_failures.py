"""What keeps a job log from taking events, as the last attempts showed; no clock in here."""

from dataclasses import dataclass

from njst.contract.results.outcome import Problem

# A single append that fails is a leader's change; what fails for so long is trouble.
SOON_S = 4.0
# Of a failure that nobody has repeated for so long nothing is known any more.
STALE_S = 60.0
# A NATS that has answered no question for so long is silent.
SILENT_S = 4.0


# Reasons, for programs: the log says that it has no room; it does not answer, though its NATS does;
# it refuses for another reason; its NATS does not answer at all.
JOURNAL_FULL = "JournalFull"
JOURNAL_SILENT = "JournalSilent"
JOURNAL_UNAVAILABLE = "JournalUnavailable"
CONTROL_SILENT = "ControlSilent"
CONTROL_LOST = "ControlLost"
# With one of these nothing newer is known of a job than what was read.
REASONS = frozenset(
    {JOURNAL_FULL, JOURNAL_SILENT, JOURNAL_UNAVAILABLE, CONTROL_SILENT, CONTROL_LOST}
)


@dataclass
class AppendFailures:
    """The failures of a log's appends since the last one that was stored; times in seconds."""

    _since_s: float = 0.0
    _last_s: float = 0.0
    _problem: Problem | None = None

    def stored(self) -> None:
        """Note that the log took an event."""
        self._problem = None

    def failed(self, reason: str, words: str, now_s: float) -> None:
        """Note that it did not."""
        if self._now(now_s) is None:
            self._since_s = now_s
        self._last_s = now_s
        self._problem = Problem(reason=reason, message=words)

    def problem(self, now_s: float) -> Problem | None:
        """Return what is the matter; a log that says that it is full is believed at once."""
        problem = self._now(now_s)
        if problem is None or problem.reason == JOURNAL_FULL:
            return problem
        return problem if self._last_s - self._since_s >= SOON_S else None

    def _now(self, now_s: float) -> Problem | None:
        return None if now_s - self._last_s > STALE_S else self._problem


def silent(silent_s: float) -> Problem | None:
    """Return what to say of a NATS that has not answered for so long; None: it is not silent."""
    if silent_s < SILENT_S:
        return None
    return Problem(
        reason=CONTROL_SILENT,
        message=f"the control NATS is connected and has not answered for {silent_s:.0f} s: is it"
        " stopped, or its disk stuck?",
    )
