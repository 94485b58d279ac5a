"""Why a job log takes no events, judged by the last appends; pure: times are given."""

from dataclasses import dataclass

from njst.contract.results.outcome import Problem

# A single failed append may be a change of leader; failures for this long are a problem.
SOON_S = 4.0
# A failure that is this old, with no append since, says nothing any more.
STALE_S = 60.0
# A NATS server that has not answered for this long counts as down.
SILENT_S = 4.0


# Reasons, for programs: the log is full; it does not answer, though NATS does; it refuses for
# another reason; NATS does not answer at all.
JOURNAL_FULL = "JournalFull"
JOURNAL_SILENT = "JournalSilent"
JOURNAL_UNAVAILABLE = "JournalUnavailable"
CONTROL_SILENT = "ControlSilent"
CONTROL_LOST = "ControlLost"
# With one of these reasons, a job may have changed in ways that cannot be read now.
REASONS = frozenset(
    {JOURNAL_FULL, JOURNAL_SILENT, JOURNAL_UNAVAILABLE, CONTROL_SILENT, CONTROL_LOST}
)


@dataclass
class AppendFailures:
    """Failed appends since the last one that was stored; times in seconds."""

    _since_s: float = 0.0
    _last_s: float = 0.0
    _problem: Problem | None = None

    def stored(self) -> None:
        """Record that an event was stored."""
        self._problem = None

    def failed(self, reason: str, words: str, now_s: float) -> None:
        """Record that an append failed."""
        if self._now(now_s) is None:
            self._since_s = now_s
        self._last_s = now_s
        self._problem = Problem(reason=reason, message=words)

    def problem(self, now_s: float) -> Problem | None:
        """Return the problem, or None; a log that reports itself full is believed at once."""
        problem = self._now(now_s)
        if problem is None or problem.reason == JOURNAL_FULL:
            return problem
        return problem if self._last_s - self._since_s >= SOON_S else None

    def _now(self, now_s: float) -> Problem | None:
        return None if now_s - self._last_s > STALE_S else self._problem


def silent(silent_s: float) -> Problem | None:
    """Return the problem of a NATS that has not answered for `silent_s`; None if that is short."""
    if silent_s < SILENT_S:
        return None
    return Problem(
        reason=CONTROL_SILENT,
        message=f"the control NATS is connected and has not answered for {silent_s:.0f} s: is it"
        " stopped, or its disk stuck?",
    )
