"""How far a consumer is behind: published less received, at its highest."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from njst.contract.results.report import SeriesResult, WindowResult, WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.verdict.backlog import with_backlogs


def job(**consume: Any) -> JobSpec:
    """Two writers and a reader of one stream, and a writer of another."""
    names = (("write", "S"), ("more", "S"), ("else", "T"))
    length = {"durationSeconds": 5}
    writers = [{"name": name, "stream": s, "publish": {}, **length} for name, s in names]
    reader = {"name": "read", "stream": "S", "consume": consume, **length}
    document = {"streams": [{"name": "S"}, {"name": "T"}], "workloads": [*writers, reader]}
    return JobSpec.model_validate_json(json.dumps(document))


def total(name: str, counts: Sequence[int] | None, width_s: int = 1) -> WorkloadResult:
    series = None
    if counts is not None:
        windows = [WindowResult(messages=count) for count in counts]
        series = SeriesResult(window_seconds=width_s, windows=windows)
    return WorkloadResult(workload=name, kind="x", series=series)


WRITE, MORE, ELSE = total("write", [5, 5]), total("more", [1]), total("else", [99, 99])


def backlog(spec: JobSpec, reader: WorkloadResult, workers: int = 1) -> int | None:
    totals = with_backlogs(spec, [WRITE, MORE, ELSE, reader], workers)
    assert [one.backlog_messages for one in totals[:3]] == [None] * 3
    return totals[3].backlog_messages


@pytest.mark.parametrize(
    ("received", "highest"),
    [
        ([6, 5], 0),
        ([0, 0, 11], 11),
        ([4, 3, 4], 4),
        ([0], 11),
        # It receives what was there before.
        ([20, 0], 0),
    ],
)
def test_backlog__at_the_end_of_each_window__the_highest_counts(
    received: list[int], highest: int
) -> None:
    assert backlog(job(), total("read", received)) == highest


def test_backlog__wider_windows__are_compared_with_as_wide_ones() -> None:
    assert backlog(job(), total("read", [8, 3], width_s=2)) == 3


def test_backlog__each_client_reads_all__counts_each_copy() -> None:
    assert backlog(job(consumers="Own"), total("read", [12, 9]), workers=2) == 1


@pytest.mark.parametrize(
    ("consume", "received"),
    [({"filterSubjects": ["a"]}, [1]), ({}, None), ({}, [])],
    ids=["a part of the stream", "no windows", "no window yet"],
)
def test_backlog__not_known__is_no_number(
    consume: dict[str, Any], received: list[int] | None
) -> None:
    assert backlog(job(**consume), total("read", received)) is None
