"""The problem of a log that takes no events: not after a blip, and not for ever."""

from njst.journal.state.append_failures import (
    JOURNAL_FULL,
    JOURNAL_SILENT,
    SILENT_S,
    SOON_S,
    STALE_S,
    AppendFailures,
    silent,
)


def test_append_failures__log_full__is_a_problem_until_a_success() -> None:
    trouble = AppendFailures()
    assert trouble.problem(0.0) is None
    trouble.failed(JOURNAL_FULL, "no room: maximum bytes exceeded", 100.0)
    problem = trouble.problem(100.0)
    assert problem is not None
    assert (problem.reason, problem.message) == (JOURNAL_FULL, "no room: maximum bytes exceeded")
    trouble.stored()
    assert trouble.problem(100.0) is None


def test_append_failures__no_answer__is_a_problem_after_seconds() -> None:
    trouble = AppendFailures()
    trouble.failed(JOURNAL_SILENT, "nothing", 100.0)
    assert trouble.problem(101.0) is None
    trouble.failed(JOURNAL_SILENT, "nothing", 100.0 + SOON_S)
    problem = trouble.problem(100.0 + SOON_S)
    assert problem is not None
    assert problem.reason == JOURNAL_SILENT


def test_append_failures__old_failure__is_no_problem() -> None:
    trouble = AppendFailures()
    trouble.failed(JOURNAL_FULL, "no room", 100.0)
    assert trouble.problem(100.0 + STALE_S) is not None
    assert trouble.problem(101.0 + STALE_S) is None
    trouble.failed(JOURNAL_SILENT, "nothing", 102.0 + STALE_S)
    assert trouble.problem(102.0 + STALE_S) is None, "that one begins anew"


def test_silent__no_answer_for_long__is_a_problem() -> None:
    assert silent(0.0) is None
    assert silent(SILENT_S - 0.1) is None
    problem = silent(12.3)
    assert problem is not None
    assert problem.reason == "ControlSilent"
    assert "has not answered for 12 s" in problem.message
