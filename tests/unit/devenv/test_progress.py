import io

import pytest

from devenv.progress import Progress


class _Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_step_tells_its_cost_its_beats_and_its_end() -> None:
    out, clock = io.StringIO(), _Clock()
    with Progress(out, clock_s=clock, every_s=5).step("build", cost="4 minutes") as step:
        for now_s in (1, 5, 6, 9, 10.2):
            clock.now_s = now_s
            step.beat(f"{now_s} of 12")
        clock.now_s = 12
    assert out.getvalue().splitlines() == [
        "build (4 minutes)",
        "    5 s: 5 of 12",
        "    10 s: 10.2 of 12",
        "    done in 12.0 s",
    ]


def test_a_failed_step_says_so_and_passes_the_error_on() -> None:
    out, clock = io.StringIO(), _Clock()
    step = Progress(out, clock_s=clock).step("divide")

    def fail() -> None:
        with step:
            clock.now_s = 0.5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert out.getvalue().splitlines() == ["divide", "    failed after 0.5 s"]
