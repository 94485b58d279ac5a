"""The formats of tools that track benchmarks, to the byte."""

import csv
import json
from io import StringIO

import jsonschema
import pytest

from njst.contract.results.runs.history import RunHistory
from njst.report.exports import EXPORTS
from njst.report.tracking.otava_csv import render_history
from tests.unit.history.runs import history_run
from tests.unit.report.reports import CANCELLED, GOOD

BENCHER = """{
  "nightly/write": {
    "MessagesPerSecond": {
      "value": 1000
    },
    "BytesPerSecond": {
      "value": 64000
    },
    "LatencyP50Microseconds": {
      "value": 900
    },
    "LatencyP90Microseconds": {
      "value": 1500
    },
    "LatencyP99Microseconds": {
      "value": 21000
    },
    "LatencyP999Microseconds": {
      "value": 30000
    },
    "LatencyMaxMicroseconds": {
      "value": 1200000
    }
  },
  "nightly/read": {
    "MessagesPerSecond": {
      "value": 1
    }
  }
}
"""
BIGGER = """[
  {
    "name": "nightly/write MessagesPerSecond",
    "unit": "messages/s",
    "value": 1000
  },
  {
    "name": "nightly/write BytesPerSecond",
    "unit": "bytes/s",
    "value": 64000
  },
  {
    "name": "nightly/read MessagesPerSecond",
    "unit": "messages/s",
    "value": 1
  }
]
"""
OTAVA = (
    "time,job,write.MessagesPerSecond,write.BytesPerSecond,write.LatencyP50Microseconds,"
    "write.LatencyP90Microseconds,write.LatencyP99Microseconds,write.LatencyP999Microseconds,"
    "write.LatencyMaxMicroseconds,read.MessagesPerSecond\n"
    "2026-01-02T03:04:05+00:00,nightly,1000,64000,900,1500,21000,30000,1200000,1\n"
)
# The schema that Bencher publishes as https://bencher.dev/bmf.json.
BMF_METRIC = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
    "required": ["value"],
}
BMF = {
    "type": "object",
    "patternProperties": {".+": {"type": "object", "patternProperties": {".+": BMF_METRIC}}},
}
TRACKING = ("bencher", "benchmark-action-bigger", "benchmark-action-smaller", "otava")


@pytest.mark.parametrize(
    ("name", "text"),
    [("bencher", BENCHER), ("benchmark-action-bigger", BIGGER), ("otava", OTAVA)],
)
def test_export__good_run__is_this_text(name: str, text: str) -> None:
    assert EXPORTS[name].render(GOOD, "nightly") == text


def test_bencher__good_run__follows_the_published_schema() -> None:
    jsonschema.validate(json.loads(EXPORTS["bencher"].render(GOOD, "nightly")), BMF)


def test_benchmark_action__smaller_is_better__has_the_latencies_alone() -> None:
    found = json.loads(EXPORTS["benchmark-action-smaller"].render(GOOD, "nightly"))
    assert {one["unit"] for one in found} == {"us"}
    assert found[2] == {
        "name": "nightly/write LatencyP99Microseconds",
        "unit": "us",
        "value": 21_000,
    }
    assert len(found) == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bencher", "{}\n"),
        ("benchmark-action-bigger", "[]\n"),
        ("benchmark-action-smaller", "[]\n"),
        ("otava", "time,job\n"),
    ],
)
def test_export__run_that_does_not_count__has_no_number(name: str, text: str) -> None:
    assert EXPORTS[name].render(CANCELLED, "nightly") == text


@pytest.mark.parametrize("name", TRACKING)
def test_export__percentiles_that_are_lower_bounds__are_none(name: str) -> None:
    workloads = [one.model_copy(update={"censored_count": 1}) for one in GOOD.workloads]
    report = GOOD.model_copy(update={"workloads": workloads})
    assert "Latency" not in EXPORTS[name].render(report, "nightly")


def test_otava__history__has_a_row_for_each_run_that_counts() -> None:
    runs = [history_run(n, 1000 + n) for n in range(4)]
    runs[1] = runs[1].model_copy(update={"left_out": "its verdict is Unknown"})
    # A run without one of the numbers would be an empty cell, which Otava refuses.
    no_latency = runs[2].workloads[0].model_copy(update={"latency_microseconds": None})
    runs[2] = runs[2].model_copy(update={"workloads": [no_latency]})
    rows = list(csv.DictReader(StringIO(render_history(RunHistory(name="n", runs=runs)))))
    assert [row["job"] for row in rows] == ["0", "3"]
    assert rows[1]["time"] == "2026-01-04T03:00:00+00:00"
    assert rows[1]["w.MessagesPerSecond"] == "1003"
    assert all(value for row in rows for value in row.values())


def test_otava__no_run__is_a_header() -> None:
    assert render_history(RunHistory(name="n")) == "time,job\n"
