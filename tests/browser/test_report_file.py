"""The report in one file: opened from disk, without a network."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from njst.web import html_report, page
from tests.browser.conftest import EndedJobs
from tests.browser.test_job import PANELS
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh


def saved(mesh: Mesh, job: str, folder: Path) -> str:
    answer = mesh.http.get(f"{mesh.workers[1].url}/api/v1/jobs/{job}/report.html")
    assert answer.status_code == 200
    path = folder / "report.html"
    path.write_bytes(answer.content)
    return path.as_uri()


def test_file__of_every_kind__shows_what_the_page_shows(
    browser: Browser, mesh: Mesh, ended: EndedJobs, tmp_path: Path
) -> None:
    with watched_page(browser, offline=True) as shown:
        shown.goto(saved(mesh, ended.every_kind, tmp_path))
        expect(shown.locator(".verdict strong")).to_have_text("Passed.")
        for panel in PANELS:
            expect(shown.locator(f"#{panel}")).to_be_visible()
        expect(shown.get_by_role("button", name="Cancel the job")).to_be_hidden()
        shown.locator("#latency").get_by_role("button", name="consume").click()
        expect(shown.locator("#heat h2")).to_contain_text("consume")
        shown.get_by_role("button", name="Theme").click()
        expect(shown.locator("html")).to_have_attribute("data-theme", "light")


def test_file__of_a_short_and_failed_job__is_whole(
    browser: Browser, mesh: Mesh, ended: EndedJobs, tmp_path: Path
) -> None:
    with watched_page(browser, offline=True) as shown:
        shown.goto(saved(mesh, ended.short, tmp_path))
        expect(shown.locator(".verdict strong")).to_have_text("Failed.")
        expect(shown.locator(".verdict")).to_contain_text("1 of 1 threshold missed.")
        expect(shown.locator("#thresholds")).to_contain_text("✗ missed")
        expect(shown.locator("#distribution canvas")).to_be_visible()


@pytest.mark.parametrize("lost", [["course"], ["course", "events", "workers"]])
def test_file__without_a_course__has_what_is_left(
    browser: Browser, mesh: Mesh, ended: EndedJobs, tmp_path: Path, lost: list[str]
) -> None:
    """The whole report is gone: what the job log has is shown, and what is missing is named."""
    report = mesh.report(ended.every_kind)
    for part in lost:
        report.pop(part)
    for workload in report["workloads"]:
        workload.pop("series", None)
    report["omitted"] = "the windows, which were too old"
    data = {"version": "0", "job": {**mesh.job(ended.every_kind), "workloads": []}}
    path = tmp_path / "report.html"
    path.write_text(
        html_report.render(page.load(), json.loads(json.dumps({**data, "report": report})))
    )
    with watched_page(browser, offline=True) as shown:
        shown.goto(path.as_uri())
        expect(shown.locator(".head .notice")).to_have_text(
            "Left out: the windows, which were too old"
        )
        expect(shown.locator("#rate")).to_be_hidden()
        expect(shown.locator(".tile").first).to_contain_text("publish")
