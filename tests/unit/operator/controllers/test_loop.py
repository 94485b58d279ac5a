"""The controller loop, in virtual time: when a key is reconciled, and how often after a failure."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from njst.backoff import Backoff
from njst.journal.interfaces import JournalUnavailableError
from njst.testing.virtual_loop import run
from njst_operator.controllers.loop import CONFLICT_RETRY_S, MOST_ROUNDS_ONCE, ControllerLoop
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.api_transport import ConflictError, GoneError, KubeError
from njst_operator.telemetry.operator_metrics import OperatorMetrics

BACKOFF = Backoff(first_s=1.0, factor=2.0, ceiling_s=4.0)


@dataclass
class Scripted:
    """A reconciler that returns or raises one outcome after the other; the last one for ever."""

    outcomes: list[float | Exception | None]
    times_s: list[float] = field(default_factory=list)
    metrics: OperatorMetrics = field(default_factory=OperatorMetrics)

    async def reconcile(self, _: str) -> float | None:
        self.times_s.append(now_s())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def describe(self, key: str) -> str:
        return key

    def loop(self, *, in_background: bool = True) -> ControllerLoop:
        return ControllerLoop(self, BACKOFF, self.metrics, in_background=in_background)


def reconciled_s(
    outcomes: list[float | Exception | None],
    for_s: float,
    meanwhile: Callable[[ControllerLoop], None] | None = None,
) -> list[float]:
    """Return when a key is reconciled; `meanwhile` is called after half of the time."""
    scripted = Scripted(outcomes)

    async def play() -> None:
        loop = scripted.loop()
        loop.wake("key")
        await asyncio.sleep(for_s / 2)
        if meanwhile is not None:
            meanwhile(loop)
        await asyncio.sleep(for_s / 2)
        await loop.stop()

    run(play())
    return scripted.times_s


def busy(retry_s: float) -> KubeError:
    error = KubeError("429")
    error.retry_s = retry_s
    return error


@pytest.mark.parametrize(
    ("outcomes", "times_s"),
    [
        ([None], [0]),
        ([3.0, None], [0, 3]),
        ([0.0, 0.0, None], [0, 0, 0]),
        ([KubeError("503")], [0, 1, 3, 7, 11, 15, 19]),
        ([JournalUnavailableError("away")], [0, 1, 3, 7, 11, 15, 19]),
        ([ValueError("a bug")], [0, 1, 3, 7, 11, 15, 19]),
        ([busy(3.0), None], [0, 3]),
        ([KubeError("503"), 5.0, KubeError("503"), None], [0, 1, 6, 7]),
        ([ConflictError("409"), None], [0, CONFLICT_RETRY_S]),
        ([GoneError("404")], [0]),
    ],
)
def test_loop__outcome__requeues_after(
    outcomes: list[float | Exception | None], times_s: list[float]
) -> None:
    assert reconciled_s(outcomes, 20) == times_s


def test_wake__key_that_waits__reconciles_at_once() -> None:
    assert reconciled_s([None], 20, lambda loop: loop.wake("key")) == [0, 10]
    assert reconciled_s([100.0, None], 20, lambda loop: loop.wake("key")) == [0, 10]


def test_wake__news_after_failures__begins_with_the_first_pause() -> None:
    times_s = reconciled_s([KubeError("503")], 20, lambda loop: loop.wake("key", is_new=True))
    assert times_s[-4:] == [10, 11, 13, 17]


def test_forget__key_that_is_due__is_not_reconciled() -> None:
    assert reconciled_s([15.0], 20, lambda loop: loop.forget("key")) == [0]


def test_failures__repeated__are_counted_each_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scripted = Scripted([KubeError("503"), KubeError("503"), KubeError("500"), None])

    async def play() -> None:
        loop = scripted.loop()
        loop.wake("key")
        # Virtual time: longer than all pauses that the script may lead to.
        await asyncio.sleep(60)

    run(play())
    assert scripted.metrics.errors["kubernetes"] == 3
    assert [record.getMessage() for record in caplog.records] == ["key: 503", "key: 500"]


def test_run_once__key_that_asks_for_more_at_once__stops_in_the_end() -> None:
    async def rounds(*outcomes: float | None) -> int:
        scripted = Scripted(list(outcomes))
        loop = scripted.loop(in_background=False)
        loop.wake("key")
        await loop.run_once("key")
        return len(scripted.times_s)

    assert [run(rounds(0.0, 5.0)), run(rounds(None)), run(rounds(0.0))] == [2, 1, MOST_ROUNDS_ONCE]
