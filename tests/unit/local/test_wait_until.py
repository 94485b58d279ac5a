from collections.abc import Callable

import pytest

import njst.local.wait_until as module
from njst.local.wait_until import wait_until


class _Clock:
    """Time that passes only during sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def _answers(*answers: str | Exception | None) -> Callable[[], str | None]:
    """Return each answer once, then the last one again; an exception is raised."""
    left = list(answers)

    def look() -> str | None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


def test_wait_until__nothing_missing__returns_none() -> None:
    assert wait_until(_answers("a leader", OSError("refused"), None), 10) is None


def test_wait_until__timeout__returns_what_is_missing(clock: _Clock) -> None:
    assert wait_until(_answers("a leader", "a quorum"), 20) == "a quorum"
    assert clock.now_s == pytest.approx(20, abs=0.2), "it looks often, and not for longer"


def test_wait_until__no_answer__names_the_error() -> None:
    assert wait_until(_answers(OSError("refused")), 0) == "it does not answer (refused)"


def test_wait_until__other_error__raises() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(_answers(ZeroDivisionError()), 10)
