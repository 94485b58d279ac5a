"""The pages of experiments: what a search found, what a grid shows, and how one goes on."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from njst.comparison.decision import DecisionRule
from njst.web import html_report
from njst.web import page as page_files
from njst.web.script_bundle import bundle
from tests.browser.jobs import SHORT, long_job
from tests.browser.test_job import has_ink, in_words, table_of
from tests.browser.watched import watched_page
from tests.ended_experiments import GRID, SEARCH, Json, by_size, ended, limited
from tests.nats.mesh.mesh import Mesh

STATIC = Path(page_files.__file__).parent / "static"
# A module of the test that hands what the page computes to the test.
ENTRY = """import { curveOf } from "./data/experiments/curve.js";
import { fewestRuns, pairsOf, shiftOf } from "./data/experiments/shift.js";
globalThis.shift = { curveOf, fewestRuns, pairsOf, shiftOf };
"""


def saved(document: Json, folder: Path) -> str:
    path = folder / "experiment.html"
    data = {"version": "0", "experiment": document}
    path.write_text(html_report.render(page_files.load(), data))
    return path.as_uri()


def test_file__of_a_search__has_both_bounds_and_every_trial(
    browser: Browser, tmp_path: Path
) -> None:
    document = ended(SEARCH, limited, "search")
    trials = document["trials"]
    with watched_page(browser, offline=True) as page:
        page.goto(saved(document, tmp_path))
        expect(page.locator(".verdict")).to_contain_text("Passed. The highest rate lies between")
        expect(page.get_by_label("Sustained", exact=True)).to_contain_text("15\u202f802 msg/s")
        expect(page.get_by_label("Not sustained")).to_contain_text("16\u202f554 msg/s")
        assert has_ink(page, "rate-latency")
        cells = table_of(page, "rate-latency")
        assert sorted(int(row[1]) for row in cells) == list(range(len(trials)))
        for _, number, judgement, p50, _, p999 in cells:
            trial = trials[int(number)]
            latency = trial["workloads"][0]["latencyMicroseconds"]
            assert judgement == trial["judgement"]
            assert (p50, p999) == (in_words(latency["p50"]), in_words(latency["p999"]))
        rows = page.locator("#trials tbody tr")
        expect(rows).to_have_count(len(trials))
        expect(rows.filter(has_text="Undecided")).to_contain_text(
            "Tester limited: a load process used a whole core"
        )
        page.locator("#rate-latency .canvas").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#announce")).to_contain_text(re.compile(r"^1\u202f000/s: \d+ held: p"))
        expect(page.get_by_role("button", name="Cancel the experiment")).to_be_hidden()
        assert page.locator("#trials a").count() == 0, "a file knows no worker to ask"


def test_file__of_a_grid__has_outcomes_shifts_and_runs(browser: Browser, tmp_path: Path) -> None:
    document = ended(GRID, by_size, "grid")
    with watched_page(browser, offline=True) as page:
        page.goto(saved(document, tmp_path))
        rows = page.locator("#comparison tbody tr")
        metrics = [one for part in document["comparisons"] for one in part["result"]["metrics"]]
        for row, metric in zip(rows.all(), metrics, strict=True):
            expect(row).to_contain_text(metric["outcome"])
            expect(row.locator(".interval i")).to_have_count(4)
        assert has_ink(page, "shift")
        expect(page.locator("#shift")).to_contain_text("The band holds 8 pairs of runs")
        page.locator("#shift select").select_option("1")
        expect(page.locator("#shift .lead")).to_contain_text(
            "size=16384 beside size=1024, window=100"
        )
        expect(page.locator("#settings .multiple")).to_have_count(4)
        expect(page.locator("#settings .dot")).to_have_count(4 * len(document["trials"]))


def test_file__whose_tester_was_the_limit__infers_nothing(browser: Browser, tmp_path: Path) -> None:
    document = ended(GRID, by_size, "grid")
    for trial in document["trials"]:
        trial["isTesterLimited"] = True
    jobs = [trial["job"] for trial in document["trials"]]
    for part in document["comparisons"]:
        reason = "the load tester was the limit"
        part["result"]["metrics"] = []
        part["result"]["leftOut"] = [{"job": job, "reason": reason} for job in jobs]
    with watched_page(browser, offline=True) as page:
        page.goto(saved(document, tmp_path))
        expect(page.locator("#shift")).to_contain_text("There are no runs to compare yet")
        expect(page.locator("#shift .chart")).to_be_hidden()
        notes = page.locator("#comparison .comparisons .note")
        expect(notes.filter(has_text="Left out, because the load tester")).to_have_count(2)
        expect(page.locator("#settings .dot.ring")).to_have_count(4 * len(jobs))
        expect(page.locator("#settings .dot-median")).to_have_count(0)


def test_numbers__of_the_page__are_those_of_the_search_and_the_comparison(browser: Browser) -> None:
    document = ended(GRID, by_size, "grid")
    rules = [(paired, c) for paired in (True, False) for c in (80, 90, 95, 99)]
    with watched_page(browser) as page:
        text = bundle("test.js", lambda n: ENTRY if n == "test.js" else (STATIC / n).read_text())
        page.add_script_tag(content=text)
        fewest: list[int] = page.evaluate(
            "(all) => all.map((one) => shift.fewestRuns(...one))", rules
        )
        pairs: list[Json] = page.evaluate(
            "({ points, spec }) => shift.pairsOf(points, spec.comparison.factor)", document
        )
        shifts: list[Json] = page.evaluate(
            """(document) => shift.pairsOf(document.points, "size").map((pair) =>
              shift.shiftOf(document, pair, "write"))""",
            document,
        )
        searched = ended(SEARCH, limited, "search")
        sustained: list[int] = page.evaluate(
            """({ trials, searches }) => shift.curveOf(trials, "write", searches[0])
              .filter((one) => one.sustained).map((one) => one.rate)""",
            searched,
        )
    held = {t["plan"]["messagesPerSecond"] for t in searched["trials"] if t["judgement"] == "Held"}
    assert sustained == sorted(held), "no rate of this target held and was rejected"
    for (is_paired, confidence), runs in zip(rules, fewest, strict=True):
        rule = DecisionRule(1 - confidence / 100, 1, 5, is_paired)
        assert runs == rule.fewest_runs, (is_paired, confidence)
    assert [pair["others"] for pair in pairs] == [one["others"] for one in document["comparisons"]]
    for pair, found in zip(pairs, shifts, strict=True):
        ratios = [
            p99(document, pair["second"], repeat) / p99(document, pair["first"], repeat)
            for repeat in range(GRID["repeats"])
        ]
        (row,) = [one for one in found["rows"] if one["key"] == "p99"]
        assert (row["low"], row["high"]) == pytest.approx((min(ratios), max(ratios)))
        assert found["runs"] == GRID["repeats"]


def p99(document: Json, point: int, repeat: int) -> int:
    plans = [(one["plan"]["point"], one["plan"]["repeat"], one) for one in document["trials"]]
    (trial,) = [one for a, b, one in plans if (a, b) == (point, repeat)]
    value: int = trial["workloads"][0]["latencyMicroseconds"]["p99"]
    return value


def post(mesh: Mesh, name: str, spec: dict[str, Any]) -> str:
    document = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstExperiment",
        "metadata": {"name": name},
        "spec": spec,
    }
    answer = mesh.http.post(f"{mesh.workers[0].url}/api/v1/experiments", json=document)
    assert answer.status_code == 201, answer.text
    experiment: str = answer.json()["id"]
    return experiment


def factor(path: str, *values: int) -> Json:
    return {"factors": [{"name": "size", "path": path, "values": list(values)}]}


def row_of(page: Page, experiment: str) -> Any:
    return page.locator("tbody tr", has=page.locator(f'a[href="#/experiments/{experiment}"]'))


def test_experiments__new_ones__run_end_and_are_cancelled_without_a_reload(
    browser: Browser, mesh: Mesh
) -> None:
    path = "workloads[write].publish.payloadBytes"
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[1].url}/")
        page.get_by_role("link", name="Experiments").click()
        expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
        grid = post(mesh, "sizes", {"template": {**SHORT, "thresholds": []}, **factor(path, 8, 64)})
        row_of(page, grid).get_by_role("link").click()
        expect(page.locator(".verdict")).to_contain_text("all 2 trials have ended")
        expect(page.locator("#trials tbody tr")).to_have_count(2)
        expect(page.locator("#settings .strip-label").first).to_have_text("size=8")

        endless = post(mesh, "endless", {"template": long_job("ENDLESS"), **factor(path, 8, 64)})
        page.get_by_role("link", name="Experiments").click()
        expect(row_of(page, grid)).to_contain_text("Passed")
        row_of(page, endless).get_by_role("link").click()
        expect(page.locator(".verdict")).to_contain_text("Running. 0 of 2 trials ended.")
        expect(page.locator("#trials tbody tr")).to_contain_text("Running")
        page.get_by_role("button", name="Cancel the experiment").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the experiment").click()
        expect(page.locator(".verdict strong")).to_have_text("Cancelled.")
        page.get_by_role("link", name="Job of trial 0").click()
        expect(page.locator(".verdict strong")).to_have_text("Cancelled.")


def test_unknown_experiment__is_said(browser: Browser, mesh: Mesh) -> None:
    with watched_page(browser, may_refuse=True) as page:
        page.goto(f"{mesh.workers[0].url}/#/experiments/nobody")
        expect(page.get_by_role("alert")).to_have_text(
            "No experiment has the ID nobody, or it was deleted."
        )
