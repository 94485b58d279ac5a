"""The page of a job that has ended: each panel has data, and its numbers are those of the API."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EndedJobs
from tests.browser.jobs import EVERY_KIND
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh

Json = dict[str, Any]
NOTHING = "\u2013"
PANELS = [
    *("rate", "latency", "backlog", "heat", "distribution", "thresholds", "read-back"),
    *("workers", "limit", "events", "spec", "environment"),
]


def digits(text: str) -> int:
    """The number that a text begins with; thousands are apart by narrow spaces."""
    return int(re.sub(r"\D", "", text.split(" ", maxsplit=1)[0]))


def table_of(page: Page, panel: str) -> list[list[str]]:
    """The rows of the table beside a chart."""
    page.locator(f"#{panel} .data-table summary").click()
    rows = page.locator(f"#{panel} .data-table tbody tr")
    expect(rows.first).to_be_visible()
    cells: list[list[str]] = rows.evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return cells


@pytest.fixture
def report(mesh: Mesh, ended: EndedJobs) -> Json:
    return mesh.report(ended.every_kind)


def test_ended_job__each_panel_has_data(browser: Browser, mesh: Mesh, ended: EndedJobs) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[1].url}/#/jobs/{ended.every_kind}")
        for panel in PANELS:
            expect(page.locator(f"#{panel}")).to_be_visible()
        expect(page.locator("#errors")).to_be_hidden()
        expect(page.locator(".verdict strong")).to_have_text("Passed.")
        for panel in ("rate", "latency", "backlog", "heat", "distribution"):
            expect(page.locator(f"#{panel} canvas")).to_be_visible()
            assert has_ink(page, panel), panel


def has_ink(page: Page, panel: str) -> bool:
    """Whether a chart without its axes has more colours than its grid and its ground."""
    found: int = page.locator(f"#{panel} canvas").evaluate(
        """(canvas) => {
          const { width, height } = canvas;
          const context = canvas.getContext("2d");
          const pixels = context.getImageData(width / 8, 0, width * 0.8, height - 22).data;
          const colours = new Set();
          for (let i = 0; i < pixels.length; i += 4) {
            if (pixels[i + 3] > 200) colours.add(pixels.slice(i, i + 3).join());
          }
          return colours.size;
        }"""
    )
    return found > 2


def test_tiles__each_kind__has_the_numbers_of_the_report(
    browser: Browser, mesh: Mesh, ended: EndedJobs, report: Json
) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        tiles = page.locator(".tile")
        expect(tiles).to_have_count(len(EVERY_KIND["workloads"]))
        for result, tile in zip(report["workloads"], tiles.all(), strict=True):
            expect(tile.locator("h2")).to_have_text(result["workload"])
            expect(tile.locator(".tile-kind")).to_have_text(result["kind"])
            assert digits(tile.locator(".tile-done span").inner_text()) == result["messages"]
            errors = sum(one["count"] for one in result["errors"])
            assert digits(tile.locator("dd").nth(3).inner_text()) == errors
            if latency := result.get("latencyMicroseconds"):
                shown = [tile.locator("dd").nth(i).inner_text() for i in range(3)]
                assert shown == [in_words(latency[key]) for key in ("p50", "p99", "max")]


def in_words(us: int) -> str:
    """A latency as the page writes it: three digits and a unit."""
    value, unit = (us, "µs") if us < 1000 else (us / 1e3, "ms") if us < 999_500 else (us / 1e6, "s")
    if value >= 100 or value == int(value):
        text = str(int(value + 0.5))
    else:
        text = f"{value:.{1 if value >= 10 else 2}f}".rstrip("0").rstrip(".")
    return f"{text}\u202f{unit}"


def test_charts__tables_beside_them__have_the_windows_of_the_api(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    series = mesh.http.get(
        f"{mesh.workers[1].url}/api/v1/jobs/{ended.every_kind}/series?histograms=true"
    ).json()
    publish = next(one for one in series["workloads"] if one["workload"] == "publish")
    windows = publish["windows"]
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        rates = table_of(page, "rate")
        assert len(rates) == len(windows)
        assert [row[0] for row in rates] == [f"0:0{w['atSeconds']}" for w in windows]
        assert [digits(row[1]) for row in rates] == [w["messages"] for w in windows]
        assert [digits(row[2]) if row[2] != NOTHING else None for row in rates] == [
            w.get("offered") for w in windows
        ]
        percentiles = table_of(page, "latency")
        keys = ("p50", "p90", "p99", "p999", "max")
        assert [row[1:] for row in percentiles] == [
            [in_words(w["latencyMicroseconds"][key]) for key in keys]
            if "latencyMicroseconds" in w
            else [NOTHING] * 5
            for w in windows
        ]
        heat = table_of(page, "heat")
        assert [row[1] for row in heat] == [
            str(w["latencyMicroseconds"]["count"]) if "latencyMicroseconds" in w else NOTHING
            for w in windows
        ]


def test_latency__another_workload_and_kind__is_shown_and_remembered(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        latency = page.locator("#latency")
        latency.get_by_role("button", name="consume").click()
        latency.get_by_role("button", name="From the store").click()
        expect(page.locator("#heat h2")).to_have_text("From the store heat map \u2013 consume")
        page.reload()
        expect(page.locator("#heat h2")).to_have_text("From the store heat map \u2013 consume")
        expect(latency.get_by_role("button", name="From the store")).to_have_attribute(
            "aria-pressed", "true"
        )


def test_zoom__of_one_chart__zooms_all_and_is_remembered(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    course_seconds = mesh.report(ended.every_kind)["course"]["untilSeconds"]
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        expect(page.locator("#heat canvas")).to_be_visible()
        over = page.locator("#rate .u-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.25, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=4)
        page.mouse.up()
        reset = page.get_by_role("button", name="Show the whole time")
        expect(reset).to_be_visible()
        zoom = re.search(r"zoom=([\d.]+)-([\d.]+)", page.url)
        assert zoom is not None
        # The course is as long as its windows: half of it is shown.
        assert float(zoom[2]) - float(zoom[1]) == pytest.approx(course_seconds / 2, abs=0.2)
        expect(page.locator("#distribution h2")).to_contain_text("0:0")
        page.reload()
        expect(reset).to_be_visible()
        page.locator("#latency .u-over").dblclick()
        expect(reset).to_be_hidden()
        assert "zoom" not in page.url
        expect(page.locator("#distribution h2")).to_contain_text("whole run")


def test_keyboard__on_a_chart__reads_values_and_zooms(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        # The charts are all there: nothing moves any more, and each key has something to move.
        expect(page.locator("#heat canvas")).to_be_visible()
        page.locator("#rate .canvas").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#announce")).to_contain_text("0:01: publish ")
        # All charts of the page point at the same time.
        expect(page.locator("#latency .legend-at")).to_have_text("0:01")
        page.keyboard.press("+")
        expect(page.get_by_role("button", name="Show the whole time")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Show the whole time")).to_be_hidden()


def test_workers__sorted_by_a_column(browser: Browser, mesh: Mesh, ended: EndedJobs) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        rows = page.locator("#workers tbody th")
        expect(rows).to_have_text(["worker-0", "worker-1"])
        page.locator("#workers").get_by_role("button", name="Worker").click()
        expect(rows).to_have_text(["worker-1", "worker-0"])


def test_unknown_job__is_said(browser: Browser, mesh: Mesh) -> None:
    with watched_page(browser, may_refuse=True) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/nobody")
        expect(page.get_by_role("alert")).to_have_text(
            "No job has the ID nobody, or it was deleted."
        )
