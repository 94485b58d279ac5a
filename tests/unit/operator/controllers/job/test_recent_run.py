"""Whether a job counts as an earlier run, as a table."""

from dataclasses import replace
from typing import Any

import pytest

from njst.contract.events import Cancelled, Created, Event, Origin, OriginKind
from njst.contract.parsing.document import parse_spec
from njst.journal.state.job_view import JobView
from njst_operator.controllers.job.recent_run import earlier_run
from tests.unit.journal.state.test_projection import S
from tests.unit.operator.controllers.job import test_job_decide as table

WITHIN_S = 60
ORIGIN = Origin(kind=OriginKind.RESOURCE, cluster="c", namespace="ns", name="orders")


def job(*events: tuple[str, Event], origin: Origin = ORIGIN, **spec: Any) -> JobView:
    """Return an ended job of this origin."""
    first, *rest = table.BEGIN
    assert isinstance(first.event, Created)
    update = {"origin": origin, "spec": parse_spec({**table.SPEC, **spec})}
    begin = [replace(first, event=first.event.model_copy(update=update)), *rest]
    view = table.finished(begin=begin, done=[*events, *table.DONE]).view
    assert view is not None
    assert view.ended is not None
    return view


def found(view: JobView, after_s: float, **spec: Any) -> bool:
    wanted = parse_spec({**table.SPEC, "skipIfRanWithinSeconds": WITHIN_S, **spec})
    return earlier_run([view], ORIGIN, wanted, view.ended_ns + int(after_s * S)) is view


def test_earlier_run__same_spec__counts_until_its_time_is_over() -> None:
    assert found(job(), 0)
    assert found(job(), WITHIN_S - 1)
    assert not found(job(), WITHIN_S)
    assert not found(job(), 0, skipIfRanWithinSeconds=None)


@pytest.mark.parametrize(
    "spec",
    [{"ttlSecondsAfterFinished": 5}, {"skipIfRanWithinSeconds": 9}, {"description": "other"}],
)
def test_earlier_run__steering_fields_differ__counts(spec: dict[str, Any]) -> None:
    assert found(job(**spec), 1)


def test_earlier_run__another_spec__does_not_count() -> None:
    assert not found(job(onWorkerLoss="Fail"), 1)
    assert not found(job(), 1, priority=5)


@pytest.mark.parametrize(
    "change",
    [{"cluster": "d"}, {"namespace": "x"}, {"name": "x"}, {"kind": OriginKind.HTTP}],
)
def test_earlier_run__another_origin__does_not_count(change: dict[str, Any]) -> None:
    assert not found(job(origin=ORIGIN.model_copy(update=change)), 1)


def test_earlier_run__submitted_by_an_older_operator__counts_without_its_schedule() -> None:
    assert found(job(origin=ORIGIN.model_copy(update={"schedule": "nightly"})), 1)


def test_earlier_run__failed__counts_unless_cancelled() -> None:
    late: tuple[str, Event] = ("", Cancelled(reason="DeadlineExceeded", message="after 3600 s"))
    assert found(job(late), 1)
    assert not found(job(("", Cancelled(reason="ResourceDeleted"))), 1)
    assert not found(job(("", Cancelled(reason="Requested"))), 1)


def test_earlier_run__several__is_the_last() -> None:
    one = job()
    other = one.replace(id="k", ended_ns=one.ended_ns + 5 * S)
    wanted = parse_spec({**table.SPEC, "skipIfRanWithinSeconds": WITHIN_S})
    assert earlier_run([one, other], ORIGIN, wanted, one.ended_ns + 9 * S) is other
