"""An experiment as CSV and Markdown: every trial, and nothing that a cell can break."""

import csv
import io

from njst.report.experiments.experiment_csv import render
from njst.report.experiments.experiment_exports import EXPERIMENT_EXPORTS
from njst.report.experiments.experiment_text import shown_of
from tests.ended_experiments import GRID, SEARCH, Json, by_size, ended, limited

HOSTILE = 'a "b",\n| <script> |'


def rows(document: Json) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(shown_of(document)), newline="")))


def test_csv__of_a_search__has_offered_rate_and_judgement_of_each_trial() -> None:
    document = ended(SEARCH, limited, "search")
    found = rows(document)
    assert [row["job"] for row in found] == [one["job"] for one in document["trials"]]
    assert {row["judgement"] for row in found} == {"Held", "Breached", "Undecided"}
    for row, trial in zip(found, document["trials"], strict=True):
        assert row["offeredMessagesPerSecond"] == str(trial["plan"]["messagesPerSecond"])
        latency = trial["workloads"][0]["latencyMicroseconds"]
        assert row["latencyP999Microseconds"] == str(latency["p999"])
        assert row["testerLimited"] == ("true" if trial["reason"] == "TesterLimited" else "false")


def test_csv__of_a_grid__has_a_column_for_each_factor() -> None:
    found = rows(ended(GRID, by_size, "grid"))
    assert len(found) == 32
    assert (found[0]["factor.size"], found[0]["factor.window"]) == ("1024", "10")
    assert found[0]["offeredMessagesPerSecond"] == ""


def test_csv__any_text__stays_in_its_cell() -> None:
    document = ended(GRID, by_size, "grid")
    document["trials"][0] |= {"message": HOSTILE, "workloads": []}
    first = rows(document)[0]
    assert (first["message"], first["workload"]) == (HOSTILE, "")


def test_markdown__has_verdict_bounds_comparisons_and_trials() -> None:
    markdown = EXPERIMENT_EXPORTS["md"].render
    search = markdown(shown_of(ended(SEARCH, limited, "search")))
    assert search.startswith("## ✅ Passed: search\n")
    assert "| Found | 15,802/s | 16,554/s | 36 |" in search
    document = ended(GRID, by_size, "grid")
    document["trials"][0]["message"] = HOSTILE
    grid = markdown(shown_of(document))
    assert "### size=1024 first, size=16384 second (window=10)" in grid
    assert grid.count("| Worse |") == 4
    assert "<script>" not in grid
    bars = {line.replace("\\|", "").count("|") for line in grid.splitlines() if "window=" in line}
    assert bars == {0, 8}
