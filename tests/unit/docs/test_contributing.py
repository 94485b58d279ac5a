"""CONTRIBUTING.md names files that are there, and all files that have the version."""

import re
import subprocess

from devenv.docs_site import ROOT
from njst import __version__

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
# Files that other programs pin, and copies that `make manifests` writes.
_NOT_OURS = re.compile(r"go\.(mod|sum)$|\.lock$|^manifests/njst-deploy\.yaml$")


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_release__names_each_file_that_has_the_version() -> None:
    named = {*re.findall(r"`([\w./-]+/[\w.-]+|[\w-]+\.\w+)`", _section("Cut a release"))}
    grep = ["git", "grep", "--fixed-strings", "--files-with-matches", __version__]
    found = subprocess.run(grep, cwd=ROOT, capture_output=True, text=True, check=True)
    have = {path for path in found.stdout.split() if not _NOT_OURS.search(path)}
    assert have <= named
    assert [name for name in named if "." in name and not (ROOT / name).exists()] == []


def test_kind_of_workload__is_registered_in_the_tables_that_the_checklist_names() -> None:
    tables = re.findall(r"`(\w+)` in `([\w/.]+)`", _section("Add a kind of workload"))
    assert len(tables) == 3
    for table, path in tables:
        assert re.search(rf"^{table}\b", (ROOT / path).read_text(), re.MULTILINE), (table, path)


def test_setting_of_the_operator__checklist_names_files_that_exist() -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]+)`", _section("Add a setting of the operator"))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_folders_of_tests__are_listed() -> None:
    listed = {*re.findall(r"^\| `tests/(\w+)", PAGE, re.MULTILINE)}
    there = {path.parent.name for path in (ROOT / "tests").glob("*/*") if path.suffix == ".py"}
    assert there <= listed
