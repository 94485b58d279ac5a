"""The output of a command: a table for people, JSON or YAML for programs."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode


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
    BENCHER = "bencher"
    BENCHMARK_ACTION_BIGGER = "benchmark-action-bigger"
    BENCHMARK_ACTION_SMALLER = "benchmark-action-smaller"
    OTAVA = "otava"


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


def show(document: Any, output: Output, words: Callable[[], str]) -> None:
    """Print a document as JSON or YAML, or as the text that `words` returns."""
    if output is Output.JSON:
        print(json.dumps(document, indent=2))
    elif output is Output.YAML:
        print(yaml.safe_dump(document, sort_keys=False), end="")
    else:
        print(words())
