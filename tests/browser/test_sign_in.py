"""The page of a worker that asks for tokens: one form, and then all of it works."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from njst.local.local_worker import LocalWorker
from tests.browser.watched import watched_page
from tests.nats.mesh.mesh import Mesh, publish_job, running

VIEWER = "viewer-0123456789abcdef"
EDITOR = "editor-0123456789abcdef"


@pytest.fixture
def guarded(mesh: Mesh, tmp_path: Path) -> Iterator[Mesh]:
    """A worker of another mesh, which asks for tokens."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"anna view {VIEWER}\nemil edit {EDITOR}\n")
    options = ("--mesh", "guarded", "--http-auth", "token-file", "--http-tokens", str(tokens))
    worker = LocalWorker("guarded", mesh.nats.url, tmp_path, options=options)
    with running(mesh.nats, [worker], tmp_path) as own:
        own.http.headers["authorization"] = f"Bearer {EDITOR}"
        yield own


def test_page__of_a_worker_with_tokens__asks_once_and_follows_and_downloads(
    browser: Browser, guarded: Mesh
) -> None:
    job = guarded.post(publish_job("SIGNED", messages=2_000, description="signed"))
    with watched_page(browser, may_refuse=True) as page:
        page.goto(f"{guarded.workers[0].url}/#/jobs/{job}")
        form = page.get_by_role("dialog", name="This worker asks for a token")
        expect(form.get_by_role("alert")).to_be_hidden()
        form.get_by_label("Token").fill("not-the-token-of-anyone")
        form.get_by_role("button", name="Sign in").click()
        expect(form.get_by_role("alert")).to_have_text(
            "This token is not valid here, or has expired."
        )
        form.get_by_label("Token").fill(VIEWER)
        form.get_by_label("Token").press("Enter")
        expect(form).to_be_hidden()

        # The job is followed to its end by a stream that carries the token.
        expect(page.locator(".verdict strong")).to_have_text("Passed.")
        page.get_by_text("Download").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Summary, Markdown").click()
        assert download.value.suggested_filename == f"njst-{job}.md"
        assert "write" in download.value.path().read_text()

        # The token lasts for the tab; what it does not allow is refused in words.
        page.reload()
        expect(page.locator(".verdict strong")).to_have_text("Passed.")
        page.goto(f"{guarded.workers[0].url}/#/submit")
        page.locator("#spec-text").fill("{}")
        expect(page.locator(".problems")).to_contain_text("user anna may not create jobs")

        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{guarded.workers[0].url}/#/jobs")
        expect(form).to_be_visible()
        assert EDITOR not in page.content()
