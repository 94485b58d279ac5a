"""Tables in the docs are those of the programs and of the chart."""

from devenv.chart_docs import CHART, table
from devenv.environment import ROOT
from devenv.settings_docs import page


def test_the_settings_are_those_of_the_programs() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page(), "run `make manifests`"


def test_each_value_of_the_chart_has_a_meaning() -> None:
    rows = [line for line in table(CHART / "values.yaml").splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_values_are_those_of_the_chart() -> None:
    assert (CHART / "README.md").read_text() == table(CHART / "values.yaml"), "run `make manifests`"
