"""A browser page that fails the test on script errors, refused requests and broken policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Error, Page

# What a browser itself says of an answer that is no success; the page shows what it means.
_REFUSED = "Failed to load resource"


@dataclass
class Complaints:
    """What went wrong on a page. `may_refuse`: answers that are no success belong to the test."""

    may_refuse: bool = False
    found: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        expected = self.may_refuse and message.text.startswith(_REFUSED)
        if message.type in {"error", "warning"} and not expected:
            self.found.append(f"{message.type}: {message.text}")

    def on_error(self, error: Error) -> None:
        self.found.append(f"script error: {error.stack or error.message}")


@contextmanager
def watched_page(
    browser: Browser,
    *,
    width: int = 1440,
    dark: bool = False,
    offline: bool = False,
    may_refuse: bool = False,
    bypass_csp: bool = False,
) -> Iterator[Page]:
    """Yield a new page; fail at the end if the browser had anything to complain about."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        offline=offline,
        bypass_csp=bypass_csp,
    )
    complaints = Complaints(may_refuse)
    try:
        page = context.new_page()
        page.on("console", complaints.on_console)
        page.on("pageerror", complaints.on_error)
        yield page
        assert complaints.found == []
    finally:
        context.close()
