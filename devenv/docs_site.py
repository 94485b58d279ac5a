"""`python -m devenv.docs_site [FOLDER]`: builds the site of the documentation in `FOLDER`.

The site has the pages of docs/, the README as its first page, and a page for each other file or
folder of the repository that a page links to. Zensical checks links between pages and their
anchors; this module checks what it does not: links to files, and pages that are in no menu.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from devenv.markdown_dialect import for_python_markdown
from devenv.python_reference import reference_pages

ROOT = Path(__file__).parents[1]
DEFAULT_FOLDER = ROOT / "dist" / "docs"
# Pages outside docs/ that the site always has.
ALWAYS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "charts/njst/README.md")
_FENCE = re.compile(r"(^[ ]*```.*?^[ ]*```[^\n]*$)", re.MULTILINE | re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


class DocsError(Exception):
    """The documentation cannot be built as it is; says which page is wrong, and how."""


def build(folder: Path, root: Path = ROOT) -> Path:
    """Build the site of the repository at `root` and return the folder that has it.

    Args:
        folder: is emptied; gets the staged pages and the site.
        root: the repository, with docs/ and mkdocs.yml.

    Raises:
        DocsError: a link leads nowhere, a page is in no menu, or Zensical reports a problem.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    for path, text in {**_pages(root), **_python_pages(root)}.items():
        (pages / path).parent.mkdir(parents=True, exist_ok=True)
        (pages / path).write_text(text)
    for picture in (root / "docs").rglob("*.png"):
        staged = pages / _staged(str(picture.relative_to(root)))
        staged.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, staged)
    config = yaml.safe_load((root / "mkdocs.yml").read_text())
    config["nav"] = _expanded(config["nav"], pages)
    _check_menu(set(_listed(config["nav"])), pages)
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    _run_zensical(folder)
    return folder / "site"


def _run_zensical(folder: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(
        [*command, "-f", str(folder / "mkdocs.yml")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        output = _COLOUR.sub("", done.stdout + done.stderr)
        # What it warns of comes first; its own stack says nothing more.
        strict = "Aborted because --strict" in output
        raise DocsError(output.partition("Traceback")[0] if strict else output)


def _pages(root: Path) -> dict[str, str]:
    """Return the pages by where they are staged, with links that lead from there."""
    waiting = [*ALWAYS, *(str(path.relative_to(root)) for path in (root / "docs").rglob("*.md"))]
    pages: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        if _staged(path) not in pages:
            text, linked = (
                _relinked(root, path) if path.endswith(".md") else (_shown(root, path), [])
            )
            pages[_staged(path)] = text
            waiting += linked
    return pages


def _python_pages(root: Path) -> dict[str, str]:
    return {f"python/{name}": text for name, text in reference_pages(root / "worker").items()}


def _staged(path: str) -> str:
    """Return where a file or folder of the repository has its page."""
    if path == "README.md":
        return "index.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/").replace("README.md", "index.md")
    return f"files/{path}" if path.endswith(".md") else f"files/{path}.md"


def _relinked(root: Path, path: str) -> tuple[str, list[str]]:
    """Return a page with links as they are staged, and what it links to."""
    linked: list[str] = []
    here = Path(_staged(path)).parent

    def relink(match: re.Match[str]) -> str:
        target = os.path.relpath(root / Path(path).parent / match[1], root)
        if target.startswith("..") or not (root / target).exists():
            raise DocsError(f"{path}: a link leads to {match[1]}, which is not there")
        if (root / target / "README.md").exists():
            target = f"{target}/README.md"
        if not target.endswith(".png"):
            linked.append(target)
        return f"]({os.path.relpath(_staged(target), here)}{match[2] or ''})"

    text = _outside_blocks((root / path).read_text(), lambda text: _LINK.sub(relink, text))
    return for_python_markdown(text), linked


def _outside_blocks(text: str, change: Callable[[str], str]) -> str:
    """Return a page whose text is changed and whose blocks of code are not."""
    parts = _FENCE.split(text)
    return "".join(part if odd % 2 else change(part) for odd, part in enumerate(parts))


def _shown(root: Path, path: str) -> str:
    """Return a page that shows a file, or all files of a folder."""
    place = root / path
    if not place.is_dir():
        return f"# {path}\n\n{_block(place)}"
    files = sorted(file for file in place.rglob("*") if file.is_file())
    parts = [f"## {file.relative_to(place)}\n\n{_block(file)}" for file in files]
    return "\n".join([f"# {path}\n", *parts])


def _block(file: Path) -> str:
    # Four backticks: a file may have a block of its own.
    return f"````{file.suffix.removeprefix('.') or 'text'}\n{file.read_text().rstrip()}\n````\n"


def _expanded(entry: Any, pages: Path) -> Any:
    """Return a part of the menu with `FOLDER/*` replaced by the pages of the folder."""
    if isinstance(entry, dict):
        return {title: _expanded(below, pages) for title, below in entry.items()}
    if isinstance(entry, list):
        return [new for old in entry for new in _replaced(old, pages)]
    return entry


def _replaced(entry: Any, pages: Path) -> list[Any]:
    if not isinstance(entry, str) or not entry.endswith("/*"):
        return [_expanded(entry, pages)]
    found = sorted((pages / entry.removesuffix("/*")).glob("*.md"))
    return [str(path.relative_to(pages)) for path in found if path.name != "index.md"]


def _listed(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for below in entry.values() if isinstance(entry, dict) else entry:
            yield from _listed(below)


def _check_menu(listed: set[str], pages: Path) -> None:
    """Raise an error when the menu and the pages do not agree; linked files need no entry."""
    there = {str(path.relative_to(pages)) for path in pages.rglob("*.md")}
    if missing := sorted(listed - there):
        raise DocsError(f"mkdocs.yml lists pages that are not there: {', '.join(missing)}")
    if unlisted := sorted(path for path in there - listed if not path.startswith("files/")):
        raise DocsError(f"mkdocs.yml does not list these pages: {', '.join(unlisted)}")


def main() -> None:
    """Build the site and print where it is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    try:
        site = build(folder)
    except DocsError as error:
        sys.exit(f"The documentation cannot be built: {error}")
    print(f"The site is in {site}; open {site / 'index.html'}")


if __name__ == "__main__":
    main()
