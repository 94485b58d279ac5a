"""The output of a command: a table for people, JSON or YAML for programs, exports of a report."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.contract.results.report import Report
from njst.report.exports import EXPORTS, UnknownWorkloadError, of_workload
from njst.report.terminal import render


class Output(StrEnum):
    """Output formats."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class ReportOutput(StrEnum):
    """Output formats of a report: those of every document, and its exports."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    HGRM = "hgrm"
    MD = "md"
    JUNIT = "junit"
    HTML = "html"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Output format.")]
ReportOutputOption = Annotated[ReportOutput, typer.Option("--output", "-o", help="Output format.")]


def of_document(output: ReportOutput) -> Output:
    """Return the format for a document that is no report.

    Raises:
        CliError: it is a format of reports alone.
    """
    try:
        return Output(output)
    except ValueError as error:
        allowed = ", ".join(Output)
        words = f"-o {output}: only a report has this format; without one use {allowed}"
        raise CliError(words, ExitCode.USAGE) from error


def show_report(
    document: Any, output: ReportOutput, title: Callable[[], str], workload: str = ""
) -> None:
    """Print the document of a report in any format.

    Args:
        document: the report as the API returns it.
        output: the format.
        title: returns the name of the job, where the format shows it.
        workload: only this one; not every format can do that.

    Raises:
        CliError: the format always has all workloads, or there is no such workload.
    """
    export = EXPORTS.get(output)
    if workload and (export is None or not export.by_workload):
        some = ", ".join(name for name, other in EXPORTS.items() if other.by_workload)
        raise CliError(f"--workload: only with -o {some}", ExitCode.USAGE)
    report = Report.model_validate(document)
    if export is None:
        show(document, Output(output), lambda: render(report, title()))
        return
    try:
        shown = of_workload(report, workload) if workload else report
    except UnknownWorkloadError as error:
        raise CliError(f"--workload: {error}", ExitCode.USAGE) from error
    print(export.render(shown, title()), end="")


def show(document: Any, output: Output, words: Callable[[], str]) -> None:
    """Print a document as JSON or YAML, or as the text that `words` returns."""
    if output is Output.JSON:
        print(json.dumps(document, indent=2))
    elif output is Output.YAML:
        print(yaml.safe_dump(document, sort_keys=False), end="")
    else:
        print(words())
