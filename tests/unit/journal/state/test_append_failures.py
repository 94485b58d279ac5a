"""What is said of a log that takes no events: not of a blip, and not for ever."""

from njst.journal.state.append_failures import (
    JOURNAL_FULL,
    JOURNAL_SILENT,
    SILENT_S,
    SOON_S,
    STALE_S,
    AppendFailures,
    silent,
)


def test_a_log_that_says_that_it_is_full_is_believed_at_once_and_until_it_takes_something() -> None:
    trouble = AppendFailures()
    assert trouble.problem(0.0) is None
    trouble.failed(JOURNAL_FULL, "no room: maximum bytes exceeded", 100.0)
    problem = trouble.problem(100.0)
    assert problem is not None
    assert (problem.reason, problem.message) == (JOURNAL_FULL, "no room: maximum bytes exceeded")
    trouble.stored()
    assert trouble.problem(100.0) is None


def test_one_append_without_an_answer_is_no_trouble_and_some_seconds_of_them_are() -> None:
    trouble = AppendFailures()
    trouble.failed(JOURNAL_SILENT, "nothing", 100.0)
    assert trouble.problem(101.0) is None
    trouble.failed(JOURNAL_SILENT, "nothing", 100.0 + SOON_S)
    problem = trouble.problem(100.0 + SOON_S)
    assert problem is not None
    assert problem.reason == JOURNAL_SILENT


def test_what_nobody_has_tried_for_long_is_not_known_any_more() -> None:
    trouble = AppendFailures()
    trouble.failed(JOURNAL_FULL, "no room", 100.0)
    assert trouble.problem(100.0 + STALE_S) is not None
    assert trouble.problem(101.0 + STALE_S) is None
    trouble.failed(JOURNAL_SILENT, "nothing", 102.0 + STALE_S)
    assert trouble.problem(102.0 + STALE_S) is None, "that one begins anew"


def test_a_nats_that_answers_no_question_is_silent() -> None:
    assert silent(0.0) is None
    assert silent(SILENT_S - 0.1) is None
    problem = silent(12.3)
    assert problem is not None
    assert problem.reason == "ControlSilent"
    assert "has not answered for 12 s" in problem.message
