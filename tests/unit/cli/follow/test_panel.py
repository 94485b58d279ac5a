"""The panel as text: golden, because people read every character of it."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console, RenderableType
from rich.live import Live

from njst.cli.follow.live_progress import LiveProgress
from njst.cli.follow.panel import Shown, clock, panel
from tests.unit.cli.follow.documents import running, workload

START_S = datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp()


def drawn(columns: int, *documents: tuple[float, dict[str, Any]], message: str = "") -> str:
    """Return the last panel that is drawn of documents, each some seconds after the start."""
    console = Console(file=io.StringIO(), width=columns, color_system=None, force_terminal=False)
    times = iter([START_S + after_s for after_s, _ in documents for _ in range(2)])
    panels: list[RenderableType] = []
    live = Live(console=console, auto_refresh=False)

    def keep(renderable: RenderableType, *, refresh: bool = False) -> None:
        assert refresh
        panels.append(renderable)

    live.update = keep  # type: ignore[method-assign]
    last_s = START_S + documents[-1][0]
    progress = LiveProgress(live, "Ctrl-C ends it", lambda: next(times, last_s))
    for _, document in documents:
        progress.show(document)
    if message:
        progress.say(message)
    with console.capture() as captured:
        console.print(panels[-1])
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _job(after_s: float, **changes: Any) -> tuple[float, dict[str, Any]]:
    tester = {"limited": False, "reason": "TargetLimited", "message": ""}
    done = int(after_s * 900)
    return after_s, running(
        workload("write", done, after_s, planned=60_000),
        workload("read", done, after_s, errors=[{"errorClass": "Timeout", "count": 1_234}]),
        tester=tester,
        **changes,
    )


def test_panel__of_a_running_job() -> None:
    text = drawn(110, _job(18), _job(19.5), _job(20.5))
    assert "│ Running  3 of 3 workers run the load" in text
    assert " 0:20, about 0:39 left │" in text
    write = next(line for line in text.splitlines() if line.startswith("│ write "))
    assert write.split()[1:5] == ["write", "1,000/s", "900/s", "━━━╸"]
    assert write.split()[5:] == ["30", "%", "-", "-", "0", "│"], "no new latencies were recorded"
    read = next(line for line in text.splitlines() if line.startswith("│ read "))
    assert read.split()[1:] == ["read", "-", "900/s", "18,450", "-", "-", "1,234", "│"]
    assert "│ workers 3/3; the tester is not the limit: TargetLimited" in text
    assert text.splitlines()[-1].startswith("╰─ Ctrl-C ends it ─")


@pytest.mark.parametrize("columns", [40, 60, 80, 99, 100, 200])
def test_panel__of_any_width__fits_and_says_the_counts(columns: int) -> None:
    text = drawn(columns, _job(18), _job(20))
    assert {len(line) for line in text.splitlines()} == {columns}
    assert ("p99 of each second" in text) == (columns >= 100)


def test_panel__before_the_start__has_no_workloads() -> None:
    waiting = running(phase="Pending", message="number 1 in the queue", startTime=None)
    text = drawn(80, (0, waiting))
    assert "Pending  number 1 in the queue" in text
    assert "workload" not in text


def test_panel__workload_that_waits_or_is_skipped__says_so() -> None:
    document = running(
        workload("write", 0, 0, startMs=None), workload("read", 0, 0, skipped="too old")
    )
    text = drawn(120, (1, document))
    assert "waits for others" in text
    assert "skipped" in text


def test_panel__ended_load__shows_the_whole() -> None:
    text = drawn(110, _job(18), _job(20), _job(25, reason="ReadingBack"))
    read = next(line for line in text.splitlines() if line.startswith("│ read "))
    assert read.split()[3:8] == ["900/s", "22,500", "1", "ms", "1"]
    assert "left" not in text


def test_panel__limited_tester_lost_worker_and_message__stand_out() -> None:
    tester = {"limited": True, "reason": "ProcessBusy", "message": "take more [processes]"}
    document = running(tester=tester, workers={"summary": "2/3", "lost": 1})
    text = drawn(120, (1, document), message="cancelling [soon]")
    assert (
        "workers 2/3, 1 lost; the tester is the limit: ProcessBusy: take more [processes]" in text
    )
    assert "│ cancelling [soon] " in text


def test_panel__hostile_name__is_text() -> None:
    name = "[bold]x[/bold] [/] \x1b[31m"
    shown = Shown({**running(workload(name, 1, 1.0)), "name": name})
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        console.print(panel(shown, 100))
    assert "[bold]x[/bold] [/]" in captured.get()
    assert "\x1b" not in captured.get()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3_661, "1:01:01")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
