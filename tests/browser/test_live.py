"""The page of a job that runs: it goes on, keeps what was, and says when it cannot."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jobs import long_job
from tests.browser.test_job import table_of
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh

READY_S = 90


@pytest.fixture
def running_job(mesh: Mesh) -> Iterator[str]:
    job = mesh.post(long_job("LIVE"))
    mesh.wait_loading(job)
    yield job
    if not mesh.workers[0].service.running:  # a test that failed had killed it
        mesh.workers[0].service.restart(READY_S)
    mesh.http.post(f"{mesh.workers[0].url}/api/v1/jobs/{job}/cancel")
    mesh.wait_ended(job)


def last_time(page: Page) -> str:
    """The time of the newest window, as the legend of the rate says it."""
    return page.locator("#rate .legend-at").inner_text()


def test_running_job__two_browsers_a_reload_a_killed_worker_and_a_cancel(
    browser: Browser, mesh: Mesh, running_job: str
) -> None:
    """One job for all of it: each step needs one that runs."""
    first, second = mesh.workers
    with watched_page(browser, may_refuse=True) as early, watched_page(browser) as late:
        early.goto(f"{first.url}/#/jobs/{running_job}")
        expect(early.locator(".verdict strong")).to_have_text("Running.")
        expect(early.locator("#rate .legend-at")).to_have_text(re.compile(r"0:0[3-9]"))

        # A late browser, at another worker, sees the windows from the first one on.
        late.goto(f"{second.url}/#/jobs/{running_job}")
        expect(late.locator("#rate .legend-at")).to_have_text(re.compile(r"0:\d\d"))
        assert [row[0] for row in table_of(late, "rate")[:3]] == ["0:00", "0:01", "0:02"]
        expect(late.locator("#heat")).to_be_visible()

        # It is live: time and counts go on.
        before = last_time(late)
        expect(late.locator("#rate .legend-at")).not_to_have_text(before)

        # A reload keeps the course.
        early.reload()
        expect(early.locator("#rate .legend-at")).to_have_text(re.compile(r"0:\d\d"))
        assert [row[0] for row in table_of(early, "rate")[:2]] == ["0:00", "0:01"]

        # The worker of a page dies: the page says so and how old its data is, and goes on later.
        first.service.kill()
        notice = early.get_by_role("status")
        expect(notice).to_contain_text("No connection to this worker")
        expect(notice).to_contain_text(re.compile(r"is \d+ s old"))
        expect(late.locator("#events")).to_contain_text("Worker suspected")
        first.service.restart(READY_S)
        expect(notice).to_be_hidden()
        times = [row[0] for row in table_of_again(early)]
        assert times == [f"{i // 60}:{i % 60:02}" for i in range(len(times))]

        # Cancel asks first.
        late.get_by_role("button", name="Cancel the job").click()
        dialog = late.get_by_role("dialog")
        dialog.get_by_role("button", name="Let it run").click()
        expect(dialog).to_be_hidden()
        late.get_by_role("button", name="Cancel the job").click()
        dialog.get_by_role("button", name="Cancel the job").click()
        expect(late.locator(".verdict strong")).to_have_text("Cancelled.")
        expect(late.get_by_text("Download")).to_be_visible()
        expect(early.locator(".verdict strong")).to_have_text("Cancelled.")


def table_of_again(page: Page) -> list[list[str]]:
    """The rows of the rate's table, which is open already."""
    cells: list[list[str]] = page.locator("#rate .data-table tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return cells


def test_waiting_job__says_behind_which_one(browser: Browser, mesh: Mesh, running_job: str) -> None:
    waiting = mesh.post(long_job("BEHIND"))
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{waiting}")
        expect(page.locator(".verdict")).to_contain_text("In the queue behind 1 job")
        link = page.locator(".verdict").get_by_role("link", name=running_job)
        expect(link).to_have_attribute("href", f"#/jobs/{running_job}")
    mesh.http.post(f"{mesh.workers[0].url}/api/v1/jobs/{waiting}/cancel")
    mesh.wait_ended(waiting)
