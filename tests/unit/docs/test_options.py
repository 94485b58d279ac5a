"""Options and variables that the docs name are those of the programs."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from devenv.docs_site import ROOT
from tests.unit.docs.pages import PAGES, blocks, code_in_sentences
from tests.unit.docs.test_commands import options_of_njst

# Of kubectl, Helm, pytest and Velero, where a page names them without the program.
_FOREIGN = {
    *("--recursive", "--sort-by", "--force", "--force-replace", "--server-side"),
    "--take-ownership",
    *("--skip-crds", "--reset-then-reuse-values"),
    *("--hypothesis-profile", "--status-include-resources", "--build-arg"),
}
_FOREIGN_PROGRAMS = ("bencher ", "kubectl ", "helm ", "nats ", "nats-server ")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_VARIABLE = re.compile(r"\bNJST_[A-Z]\w*(?<!_)\b(?!_<)")
_SOURCES = ("worker", "operator", "devenv", "bench", "tests")


@cache
def _options() -> set[str]:
    options = {option for known in options_of_njst().values() for option in known}
    operator = [sys.executable, "-m", "njst_operator.main", "--help"]
    said = subprocess.run(operator, capture_output=True, text=True, check=True)
    options |= {*_OPTION.findall(said.stdout)}
    for folder in ("bench", "devenv"):
        for path in (ROOT / folder).rglob("*.py"):
            options |= {*re.findall(r"add_argument\(\s*\"(--[\w-]+)\"", path.read_text())}
    return options


@cache
def _variables() -> set[str]:
    """Return the variables that a program or a test reads: their names stand there in quotes."""
    own = Path(__file__)
    return {
        name
        for folder in _SOURCES
        for path in (ROOT / folder).rglob("*.py")
        if path != own
        for name in re.findall(r"[\"'](NJST_[A-Z_]+)[\"']", path.read_text())
    }


def unknown_options(code: str) -> set[str]:
    """Return the options in a piece of code that no program of this repository has."""
    if code.startswith(_FOREIGN_PROGRAMS):
        return set()
    return {*_OPTION.findall(code)} - _options() - _FOREIGN


def unknown_variables(text: str) -> set[str]:
    """Return the variables in a text that nothing in this repository reads."""
    return {*_VARIABLE.findall(text)} - _variables()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_in_sentences__are_those_of_the_programs(page: Path) -> None:
    found = ((line, unknown_options(code)) for line, code in code_in_sentences(page))
    assert [(line, sorted(names)) for line, names in found if names] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables__are_those_of_the_programs(page: Path) -> None:
    shown = " ".join(block.text for block in blocks() if block.page == page)
    said = " ".join(code for _, code in code_in_sentences(page))
    assert unknown_variables(f"{said} {shown}") == set()


def test_wrong_option_and_variable__are_found() -> None:
    assert unknown_options("--listen") == {"--listen"}
    assert unknown_options("njst run --waiting FILE") == {"--waiting"}
    assert unknown_options("--http") == set()
    assert unknown_variables("NJST_LISTEN, NJST_HTTP, NJST_<mesh>_REPORTS") == {"NJST_LISTEN"}
