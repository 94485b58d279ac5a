"""The list of jobs, jobs beside each other, and a new job."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import EndedJobs
from tests.browser.jobs import SHORT
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh


def test_jobs__list_filter_workers_and_compare(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/")
        row = page.locator(
            "table.jobs tr", has=page.locator(f'a[href="#/jobs/{ended.every_kind}"]')
        )
        expect(row).to_contain_text("Passed")
        expect(row.locator(".sparkline")).to_have_count(2)
        failed = page.locator("table.jobs tr", has=page.locator(f'a[href="#/jobs/{ended.short}"]'))
        expect(failed).to_contain_text("Failed")
        expect(page.locator("#cluster tbody th")).to_have_text(["worker-0", "worker-1"])
        expect(page.get_by_role("link", name="API")).to_have_attribute("href", "docs")

        page.get_by_role("searchbox").fill("thresholds")
        expect(row).to_be_hidden()
        expect(failed).to_be_visible()
        page.get_by_role("searchbox").fill("no such job")
        expect(page.get_by_text("No job matches the filter.")).to_be_visible()
        page.get_by_role("searchbox").fill("")

        row.get_by_role("checkbox").check()
        failed.get_by_role("checkbox").check()
        page.get_by_role("link", name="Compare 2 jobs").click()
        expect(page.get_by_role("heading", name="Compare")).to_be_visible()


def test_jobs__new_one__comes_runs_and_ends_without_a_reload(browser: Browser, mesh: Mesh) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs")
        expect(page.locator("#cluster tbody th")).to_have_count(2)
        job = mesh.post({**SHORT, "thresholds": []})
        row = page.locator("table.jobs tr", has=page.locator(f'a[href="#/jobs/{job}"]'))
        expect(row).to_contain_text("Passed")
        expect(page.locator("table.jobs tbody tr").first).to_contain_text(job)


def test_compare__of_jobs__shows_differences_first_then_numbers(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    second = mesh.post(
        {
            "streams": [{"name": "SHORT", "storage": "File"}],
            "workloads": [
                {"name": "write", "stream": "SHORT", "messages": 300, "publish": {"window": 7}}
            ],
        }
    )
    mesh.wait_ended(second)
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/compare?jobs={ended.short},{second}")
        differences = page.locator("#differences tbody tr")
        expect(differences.filter(has_text="streams[SHORT].storage")).to_contain_text("Memory")
        expect(differences.filter(has_text="workloads[write].publish.window")).to_contain_text("7")
        expect(differences.filter(has_text="streams[SHORT].replicas")).to_have_count(0)
        messages = page.locator("#numbers tbody td:nth-of-type(2)")
        expect(messages.nth(0)).to_have_text("100")
        expect(messages.nth(1)).to_contain_text("300")
        expect(messages.nth(1)).to_contain_text("+200")
        expect(page.locator("#distributions canvas")).to_be_visible()
        expect(page.locator("#distributions .legend-item")).to_have_count(2)


def test_compare__repeated_runs_of_two_jobs__are_judged_by_the_worker(
    browser: Browser, mesh: Mesh
) -> None:
    jobs = [
        mesh.post(
            {
                "apiVersion": "njst.io/v1alpha1",
                "kind": "NjstJob",
                "metadata": {"name": name},
                "spec": {**SHORT, "thresholds": []},
            }
        )
        for name in ("before", "after") * 2
    ]
    for job in jobs:
        mesh.wait_ended(job)
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/compare?jobs={','.join(jobs)}")
        expect(page.locator("#differences")).to_contain_text("Nothing: the jobs have the same spec")
        rows = page.locator("#statistics tbody tr")
        expect(rows.locator("th")).to_have_text(["write"] * 3)
        expect(rows.first).to_contain_text("Rate")
        expect(page.locator("#statistics")).to_contain_text("after beside before, 2 and 2 runs.")


def test_submit__mistakes_are_at_their_lines__then_it_runs(browser: Browser, mesh: Mesh) -> None:
    with watched_page(browser, may_refuse=True) as page:
        page.goto(f"{mesh.workers[0].url}/#/submit")
        editor = page.get_by_role("textbox")
        check = page.locator("#check")
        expect(editor).to_have_value(re.compile("kind: NjstJob"))
        expect(check).to_have_text("✓ Valid.")
        page.get_by_role("combobox", name="Example").select_option("phases")
        expect(editor).to_have_value(re.compile("NJST-PHASES"))

        lines = [
            "streams: [{name: PAGE, storage: Memory}]",
            "workloads:",
            "- name: write",
            "  stream: PAGE",
            "  messages: 50",
            "  publish:",
            "    payloadBytes: -5",
        ]
        editor.fill("\n".join(lines))
        problem = page.locator(".problems li")
        expect(problem).to_contain_text("Line 7")
        expect(problem).to_contain_text("workloads[0].publish.payloadBytes")
        expect(page.locator(".bad-line")).to_have_text("7\n")
        run = page.get_by_role("button", name="Run the job")
        expect(run).to_be_disabled()
        problem.get_by_role("button").click()
        selected: str = page.evaluate("() => getSelection().toString()")
        assert selected == lines[-1]

        editor.fill("\n".join([*lines[:-1], "    payloadBytes: [1"]))
        expect(check).to_have_text("✗ 1 problem.")

        editor.fill("\n".join([*lines[:-1], "    payloadBytes: 64"]))
        expect(check).to_have_text("✓ Valid.")
        run.click()
        expect(page.locator(".verdict strong")).to_have_text("Passed.")

        page.get_by_role("link", name="Run again").click()
        expect(editor).to_have_value(re.compile("payloadBytes: 64"))
        expect(check).to_have_text("✓ Valid.")
