"""The page of the runs of one name: their numbers, and what changed when."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.test_job import has_ink, table_of
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh

Json = dict[str, Any]
RUNS = 20
CHANGED = 12


def history() -> Json:
    """Runs of each night, whose rate fell by a quarter with another server; one does not count."""
    runs = [run(number) for number in range(RUNS)]
    runs[3]["leftOut"] = "the load tester was the limit"
    change = {
        "workload": "write",
        "metric": "MessagesPerSecond",
        "job": runs[CHANGED]["job"],
        "createTime": runs[CHANGED]["createTime"],
        "outcome": "Worse",
        "before": 40_000,
        "after": 30_000,
        "ratioPerMillion": 750_000,
        "pPerMillion": 10,
        "runsBefore": 11,
        "runsAfter": 8,
        "differences": [{"fact": "nats-server", "first": ["2.11.9"], "second": ["2.12.1"]}],
    }
    names = ("MessagesPerSecond", "LatencyP50Microseconds", "LatencyP99Microseconds")
    metrics = [{"workload": "write", "metric": name, "runs": RUNS - 1} for name in names]
    return {
        "name": "nightly",
        "runs": runs,
        "metrics": metrics,
        "changes": [change],
        "earlierRuns": 2,
    }


def run(number: int) -> Json:
    is_new = number >= CHANGED
    latency = dict.fromkeys(("p50", "p90", "p99", "p999", "max"), 1200 + 10 * (number % 4))
    workload = {
        "workload": "write",
        "messagesPerSecond": (30_000 if is_new else 40_000) + 100 * (number % 5),
        "latencyMicroseconds": latency,
    }
    return {
        "job": f"k-{number:04}",
        "name": f"nightly-{number}",
        "createTime": f"2026-11-{number + 1:02}T03:00:00Z",
        "verdict": "Valid",
        "facts": {"nats-server": "2.12.1" if is_new else "2.11.9", "njst": "1.0.0"},
        "workloads": [workload],
        "leftOut": "",
    }


def test_history__of_nightly_runs__marks_the_change_and_the_version(
    browser: Browser, mesh: Mesh
) -> None:
    with watched_page(browser) as page:
        answer_with(page, history())
        page.goto(f"{mesh.workers[0].url}/#/history?name=nightly")
        expect(page.get_by_role("heading", name="History of nightly")).to_be_visible()
        expect(page.locator(".facts")).to_have_text(
            "20 runs \u00b7 2 older ones are not shown \u00b7 1 left out"
        )
        assert has_ink(page, "MessagesPerSecond")
        cells = table_of(page, "MessagesPerSecond")
        assert cells[3][1] == "\u2013", "a run that does not count has no value"
        assert {row[2] for row in cells[:CHANGED]} == {"40.1\u202fk/s"}
        assert {row[2] for row in cells[CHANGED:]} == {"30.3\u202fk/s"}
        changes = page.locator("#changes tbody tr")
        expect(changes).to_have_count(2)
        expect(changes.first).to_contain_text("write Rate")
        expect(changes.first).to_contain_text("\u221225\u202f%")
        expect(changes.last).to_contain_text("2.11.9 before, 2.12.1 after")
        newest = page.locator("#runs tbody tr").first.get_by_role("link")
        expect(newest).to_have_attribute("href", "#/jobs/k-0019")


def answer_with(page: Page, document: Json) -> None:
    page.route("**/api/v1/history?*", lambda route: route.fulfill(json=document))
