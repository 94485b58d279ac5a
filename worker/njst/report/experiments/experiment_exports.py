"""The formats of an experiment besides its JSON document, for the API and the CLI alike."""

from collections.abc import Callable
from dataclasses import dataclass

from njst.report.experiments import experiment_csv, experiment_markdown
from njst.report.experiments.experiment_text import ShownExperiment


@dataclass(frozen=True)
class ExperimentExport:
    """One format; `suffix` ends the path of the API."""

    suffix: str
    media_type: str
    description: str
    render: Callable[[ShownExperiment], str]


EXPERIMENT_EXPORTS: dict[str, ExperimentExport] = {
    "csv": ExperimentExport(
        suffix="csv",
        media_type="text/csv",
        description="its trials as CSV",
        render=experiment_csv.render,
    ),
    "md": ExperimentExport(
        suffix="md",
        media_type="text/markdown",
        description="a summary in Markdown, for the page of a CI step",
        render=experiment_markdown.render,
    ),
}
