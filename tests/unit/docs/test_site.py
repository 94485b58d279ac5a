"""`make docs` builds: links and anchors lead somewhere, and pages load nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from devenv.docs_site import ALWAYS, ROOT, DocsError, build
from devenv.python_reference import reference_pages

_LOADED = re.compile(
    r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^\s>]+"
)

_UNREAD_LIST = re.compile(r"<p>(?:(?!</p>).)*^(?:-|\d+\.) ", re.DOTALL | re.MULTILINE)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the pages that the site always has, and a menu that lists them."""
    root = tmp_path / "repository"
    for name in ALWAYS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    (root / "docs").mkdir()
    (root / "docs" / "page.md").write_text("# A page\n")
    (root / "mkdocs.yml").write_text(
        "site_name: t\ndocs_dir: pages\nsite_dir: site\nnav: [index.md, page.md]\n"
    )
    (root / "worker" / "njst" / "contract").mkdir(parents=True)
    (root / "worker" / "njst" / "journal").mkdir()
    (root / "worker" / "njst" / "journal" / "jobs.py").write_text('"""Nothing public."""\n')
    return root


def test_site_of_this_repository__builds_and_needs_no_other_host(
    tmp_path: Path,
) -> None:
    site = build(tmp_path / "out")
    pages = list(site.rglob("*.html"))
    assert site / "index.html" in pages
    assert [found for page in pages for found in _LOADED.findall(page.read_text())] == []
    assert [str(page) for page in pages if _UNREAD_LIST.search(page.read_text())] == []


def test_correct_pages__build(repository: Path, tmp_path: Path) -> None:
    (repository / "docs" / "page.md").write_text("# A page\n\n[home](../README.md)\n")
    assert (build(tmp_path / "out", repository) / "page" / "index.html").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[gone](gone.md)", "a link leads to gone.md"),
        ("[gone](../manifests/gone.yaml)", "a link leads to ../manifests/gone.yaml"),
        ("[outside](../../elsewhere.md)", "a link leads to ../../elsewhere.md"),
        ("[anchor](#gone)", "anchor does not exist"),
        ("[anchor](../README.md#gone)", "anchor does not exist"),
    ],
)
def test_link_that_leads_nowhere__fails_the_build(
    repository: Path, tmp_path: Path, text: str, problem: str
) -> None:
    (repository / "docs" / "page.md").write_text(f"# A page\n\n{text}\n")
    with pytest.raises(DocsError, match=re.escape(problem)):
        build(tmp_path / "out", repository)


def test_page_in_no_menu__fails_the_build(repository: Path, tmp_path: Path) -> None:
    (repository / "docs" / "other.md").write_text("# Another\n")
    with pytest.raises(DocsError, match=r"does not list these pages: other\.md"):
        build(tmp_path / "out", repository)


def test_menu_with_a_page_that_is_not_there__fails_the_build(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "docs" / "page.md").unlink()
    with pytest.raises(DocsError, match=r"lists pages that are not there: page\.md"):
        build(tmp_path / "out", repository)


def test_link_to_a_file_or_folder__leads_to_a_page_with_its_text(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "examples").mkdir()
    (repository / "examples" / "a.yaml").write_text("kind: Shown\n")
    (repository / "docs" / "page.md").write_text(
        "# A page\n\n[all](../examples), [one](../examples/a.yaml)\n"
    )
    site = build(tmp_path / "out", repository)
    for shown in ("files/examples", "files/examples/a.yaml"):
        assert "Shown" in (site / shown / "index.html").read_text()


def test_module_without_public_definitions__is_not_in_the_reference(tmp_path: Path) -> None:
    package = tmp_path / "njst" / "contract"
    (package / "kinds").mkdir(parents=True)
    for name in ("__init__", "kinds/__init__", "empty"):
        (package / f"{name}.py").write_text('"""Nothing."""\n')
    (package / "kinds" / "get.py").write_text("class Get:\n    pass\n")
    (tmp_path / "njst" / "journal").mkdir()
    (tmp_path / "njst" / "journal" / "jobs.py").write_text("def submit() -> None:\n    pass\n")
    assert reference_pages(tmp_path) == {
        "njst.contract.kinds.md": "# njst.contract.kinds\n\n::: njst.contract.kinds.get\n",
        "njst.journal.jobs.md": "# njst.journal.jobs\n\n::: njst.journal.jobs\n",
    }


def test_list_of_decisions__has_each_decision_with_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    titles = {
        path.name: re.sub(r"^# (\d+\. )?", "", path.read_text().splitlines()[0])
        for path in folder.glob("0*.md")
    }
    listed = re.findall(
        r"^- \d{4}: \[(.+)\]\((.+)\)$", (folder / "README.md").read_text(), re.MULTILINE
    )
    assert {name: title for title, name in listed} == titles
