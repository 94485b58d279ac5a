"""Everybody can use the page: axe finds nothing serious, and pictures are kept for the eye."""

from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

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
    }


def settled(page: Page, view: str) -> None:
    """Wait until a view has what it shows."""
    last = {
        "jobs": "table.jobs tbody tr >> nth=0",
        "job": "#heat canvas",
        "failed": "#distribution canvas",
        "compare": "#differences tbody tr >> nth=0",
        "submit": '#check[data-tone="good"]',
    }
    expect(page.locator(last[view])).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_views__axe__finds_nothing_serious(
    browser: Browser, mesh: Mesh, ended: EndedJobs, dark: bool
) -> None:
    # The policy of the page forbids the script of axe as well.
    with watched_page(browser, dark=dark, bypass_csp=True) as page:
        for view, address in views(ended).items():
            page.goto(f"{mesh.workers[0].url}/{address}")
            settled(page, view)
            for summary in page.locator(".data-table summary:visible").all():
                summary.click()
            # What is dark differs from what is light in its colours alone.
            options = {"runOnly": ["color-contrast"]} if dark else {}
            assert serious(page, options) == [], view


def serious(page: Page, options: dict[str, list[str]]) -> list[str]:
    """What axe finds that keeps somebody from using the page."""
    return [
        f"{one['id']}: {node['html']}"
        for one in Axe().run(page, options=options).response["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def test_experiments__dark_and_narrow__fit_and_axe_finds_nothing_serious(
    browser: Browser, mesh: Mesh
) -> None:
    """A search and a grid that a worker has; to run them would take half an hour."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    documents = {
        "rate-latency": ended_experiment(SEARCH, limited, "search"),
        "shift": ended_experiment(GRID, by_size, "grid"),
    }
    with watched_page(browser, width=WIDTHS[0], dark=True, bypass_csp=True) as page:
        for chart, document in documents.items():
            name = document["name"]
            page.route(f"**/experiments/{name}?*", partial(fulfil, document))
            page.goto(f"{mesh.workers[0].url}/#/experiments/{name}")
            expect(page.locator(f"#{chart} canvas")).to_be_visible()
            page.screenshot(path=PICTURES / f"{name}-{WIDTHS[0]}-dark.png", full_page=True)
            assert not scrolls_sideways(page), name
            assert serious(page, {}) == [], name


def fulfil(document: Json, route: Route) -> None:
    route.fulfill(json=document)


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window: wide tables scroll on their own."""
    inner, outer = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return bool(inner > outer)


@pytest.mark.parametrize(
    ("width", "dark"), [*((width, False) for width in WIDTHS), (WIDTHS[-1], True)]
)
def test_views__at_each_width__fit_and_are_kept_as_pictures(
    browser: Browser, mesh: Mesh, ended: EndedJobs, width: int, dark: bool
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with watched_page(browser, width=width, dark=dark) as page:
        for view, address in views(ended).items():
            page.goto(f"{mesh.workers[0].url}/{address}")
            settled(page, view)
            name = f"{view}-{width}-{'dark' if dark else 'light'}.png"
            page.screenshot(path=PICTURES / name, full_page=True)
            assert not scrolls_sideways(page), view


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
