"""Tables in the docs are those of the programs and of the chart, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from devenv.chart_docs import CHART, table
from devenv.environment import ROOT
from devenv.settings_docs import page

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), CHART / "README.md"]


def test_the_settings_are_those_of_the_programs() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page(), "run `make manifests`"


def test_the_values_are_those_of_the_chart() -> None:
    assert (CHART / "README.md").read_text() == table(CHART / "values.yaml"), "run `make manifests`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
