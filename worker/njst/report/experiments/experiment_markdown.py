"""An experiment in Markdown, for the page of a CI step or a ticket."""

from collections.abc import Iterator

from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialPurpose
from njst.report import markdown_text as md
from njst.report.experiments import comparison_text
from njst.report.experiments.experiment_text import (
    RATED_COLUMNS,
    SAMPLE_COLUMNS,
    SEARCH_COLUMNS,
    ShownExperiment,
    rated_rows,
    sample_rows,
    search_rows,
)

_WORDS = {
    Verdict.VALID: "✅ Passed",
    Verdict.INVALID: "❌ Failed",
    Verdict.UNKNOWN: "❔ Unknown",
}


def render(shown: ShownExperiment) -> str:
    """Return the verdict, then searches, comparisons and trials as tables."""
    word = shown.phase if shown.verdict is None else _WORDS[shown.verdict]
    message = f": {md.text(shown.message)}" if shown.message else ""
    parts = [
        f"## {word}: {md.text(shown.title)}\n",
        f"**{md.text(shown.reason)}**{message}\n",
        _section("Searches", _table(SEARCH_COLUMNS, search_rows(shown))),
        *_comparisons(shown),
        _section("Trials", _trials(shown)),
        _section("Left out", f"{md.text(shown.omitted)}\n" if shown.omitted else ""),
    ]
    return "\n".join(part for part in parts if part)


def _comparisons(shown: ShownExperiment) -> Iterator[str]:
    for one in shown.comparisons:
        others = f" ({one.others})" if one.others else ""
        title = f"{one.first} first, {one.second} second{others}"
        yield _section(md.text(title), comparison_text.render_markdown(one.result))


def _trials(shown: ShownExperiment) -> str:
    if all(trial.plan.purpose is TrialPurpose.SAMPLE for trial in shown.trials):
        return _table(SAMPLE_COLUMNS, sample_rows(shown))
    return _table(RATED_COLUMNS, rated_rows(shown))


def _table(columns: list[str], rows: Iterator[list[str]]) -> str:
    header = [name.capitalize() for name in columns]
    return md.table(header, [[md.text(cell) for cell in row] for row in rows])


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}" if body else ""
