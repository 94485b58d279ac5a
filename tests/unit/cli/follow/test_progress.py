"""Lines of progress: when there is one, and what it says."""

from typing import Any

import pytest

from njst.cli.follow.follow_job import poll_s
from njst.cli.follow.progress import LINE_EVERY_S, LineProgress, NoProgress
from tests.unit.cli.follow.documents import running, workload

PENDING = running(phase="Pending", reason="WorkersPreparing")


def lines(capsys: pytest.CaptureFixture[str], *seen: tuple[float, dict[str, Any]]) -> list[str]:
    times = iter([at_s for at_s, _ in seen])
    progress = LineProgress(lambda: next(times))
    for _, document in seen:
        progress.show(document)
    captured = capsys.readouterr()
    assert captured.out == "", "stdout has the result alone"
    return captured.err.splitlines()


def test_lines__job_that_goes_on__has_one_each_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = [(at_s / 2, running(workload("w", at_s, 1.0))) for at_s in range(60)]
    shown = lines(capsys, *seen)
    assert [line.split()[3:5] for line in shown] == [["w", "0"], ["w", "20"], ["w", "40"]]
    assert LINE_EVERY_S == 10


def test_lines__change_of_phase_or_reason__is_shown_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reading = running(reason="ReadingBack", message="1 of 2 slices are read")
    shown = lines(capsys, (1, PENDING), (2, PENDING), (3, running()), (4, reading), (5, reading))
    assert [line.split()[0] for line in shown] == ["Pending", "Running", "Running"]
    assert shown[-1].endswith("1 of 2 slices are read")


def test_lines__errors__are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    broken = workload("w", 5, 1.0, errors=[{"errorClass": "Timeout", "count": 1_200}])
    assert lines(capsys, (1, running(broken)))[0].endswith("w 5 5/s 1,200 errors")


def test_no_progress__shows_messages_alone(capsys: pytest.CaptureFixture[str]) -> None:
    progress = NoProgress()
    progress.show(PENDING)
    progress.say("cancelling")
    assert capsys.readouterr().err == "cancelling\n"


def test_poll__interval__grows_with_the_job() -> None:
    assert [poll_s(s) for s in (0, 1, 2, 5, 100)] == pytest.approx([0.05, 0.05, 0.1, 0.25, 0.5])
