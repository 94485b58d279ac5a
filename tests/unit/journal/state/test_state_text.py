"""Reason and message of a job, for the API and for the resource alike."""

from collections.abc import Sequence

import pytest

from njst.contract.events import Cancelled, Event, Ready, Started
from njst.journal.state.state_text import state_text
from tests.unit.journal.test_report_builder import history

READY: list[tuple[str, Event]] = [("a", Ready()), ("b", Ready())]
RUNNING: list[tuple[str, Event]] = [*READY, ("", Started(run=["a", "b"], lead_ms=400))]
STOP: tuple[str, Event] = ("", Cancelled(reason="DeadlineExceeded", message="too long"))


@pytest.mark.parametrize(
    ("events", "waits_for", "reason", "message"),
    [
        ([], None, "WorkersPreparing", "3 workers prepare, or wait for earlier jobs"),
        (READY, [], "WorkersPreparing", "3 workers prepare"),
        ([], ["x"], "WorkersBusy", "number 1 in the queue, behind job x"),
        ([], ["x", "y", "z"], "WorkersBusy", "number 3 in the queue, behind job x and 2 more"),
        (RUNNING, [], "LoadRunning", "2 of 3 workers run the load, 1 late"),
        (RUNNING, None, "LoadRunning", "2 of 3 workers run the load, 1 late"),
        (
            [*RUNNING, STOP],
            None,
            "DeadlineExceeded",
            "too long; 2 of 2 workers have not stopped their load yet",
        ),
        (
            [("", Cancelled(reason="Requested"))],
            ["x"],
            "Requested",
            "it was cancelled; its report is being written",
        ),
    ],
)
def test_state_text__each_state__has_reason_and_message(
    events: list[tuple[str, Event]], waits_for: Sequence[str] | None, reason: str, message: str
) -> None:
    assert state_text(history(*events), waits_for) == (reason, message)
