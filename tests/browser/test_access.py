"""Everybody can use the page: axe finds nothing serious, and pictures are kept for the eye."""

from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES, EndedJobs
from tests.browser.watched import watched_page
from tests.ended_experiments import GRID, SEARCH, Json, by_size, limited
from tests.ended_experiments import ended as ended_experiment
from tests.nats.mesh.mesh import Mesh

SERIOUS = {"serious", "critical"}
WIDTHS = (390, 1024, 1440)


def views(ended: EndedJobs) -> dict[str, str]:
    return {
        "jobs": "#/jobs",
        "job": f"#/jobs/{ended.every_kind}",
        "failed": f"#/jobs/{ended.short}",
        "compare": f"#/compare?jobs={ended.every_kind},{ended.short}",
        "submit": "#/submit",
        "experiments": "#/experiments",
        "search": "#/experiments/search",
        "grid": "#/experiments/grid",
    }


@cache
def experiments() -> dict[str, Json]:
    return {
        "search": ended_experiment(SEARCH, limited, "search"),
        "grid": ended_experiment(GRID, by_size, "grid"),
    }


def answer_for_experiments(page: Page) -> None:
    """Answer as a worker that has two experiments, which would take half an hour."""
    for name, document in experiments().items():
        page.route(
            f"**/api/v1/experiments/{name}",
            lambda route, document=document: route.fulfill(json=document),
        )
    page.route(
        "**/api/v1/experiments?*",
        lambda route: route.fulfill(json={"items": [*experiments().values()]}),
    )


def settled(page: Page, view: str) -> None:
    """Wait until a view has what it shows."""
    last = {
        "jobs": "table.jobs tbody tr >> nth=0",
        "job": "#heat canvas",
        "failed": "#distribution canvas",
        "compare": "#differences tbody tr >> nth=0",
        "submit": '#check[data-tone="good"]',
        "experiments": "table.jobs tbody tr >> nth=1",
        "search": "#rate-latency canvas",
        "grid": "#shift canvas",
    }
    expect(page.locator(last[view])).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_views__axe__finds_nothing_serious(
    browser: Browser, mesh: Mesh, ended: EndedJobs, dark: bool
) -> None:
    # The policy of the page forbids the script of axe as well.
    with watched_page(browser, dark=dark, bypass_csp=True) as page:
        answer_for_experiments(page)
        for view, address in views(ended).items():
            page.goto(f"{mesh.workers[0].url}/{address}")
            settled(page, view)
            for summary in page.locator(".data-table summary:visible").all():
                summary.click()
            # What is dark differs from what is light in its colours alone.
            options = {"runOnly": ["color-contrast"]} if dark else {}
            found = Axe().run(page, options=options).response["violations"]
            serious = [
                f"{one['id']}: {node['html']}"
                for one in found
                if one["impact"] in SERIOUS
                for node in one["nodes"]
            ]
            assert serious == [], view


@pytest.mark.parametrize(
    ("width", "dark"), [*((width, False) for width in WIDTHS), (WIDTHS[-1], True)]
)
def test_views__at_each_width__fit_and_are_kept_as_pictures(
    browser: Browser, mesh: Mesh, ended: EndedJobs, width: int, dark: bool
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with watched_page(browser, width=width, dark=dark) as page:
        answer_for_experiments(page)
        for view, address in views(ended).items():
            page.goto(f"{mesh.workers[0].url}/{address}")
            settled(page, view)
            name = f"{view}-{width}-{'dark' if dark else 'light'}.png"
            page.screenshot(path=PICTURES / name, full_page=True)
            # The page never scrolls sideways: wide tables do it on their own.
            inner, outer = page.evaluate(
                "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert inner <= outer, view


def test_keyboard__from_the_top__reaches_the_content(
    browser: Browser, mesh: Mesh, ended: EndedJobs
) -> None:
    with watched_page(browser) as page:
        page.goto(f"{mesh.workers[0].url}/#/jobs/{ended.every_kind}")
        settled(page, "job")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        seen = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("() => document.activeElement.textContent.slice(0, 30)"))
        assert {"Jobs", "Run again", "Download", "Bytes"} <= seen
