"""The output of a command: a table for people, JSON or YAML for programs."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
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

SaveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--save",
        help="Also write the report to a file, as FORMAT=FILE with a format of --output; repeat it"
        " for more.",
    ),
]


def files_to_save(save: list[str] | None) -> list[tuple[ReportOutput, Path]]:
    """Return the formats and files of --save.

    Raises:
        CliError: there is no such format, or no folder for the file.
    """
    found = []
    for words in save or ():
        name, equals, path = words.partition("=")
        if not equals or not path or name not in list(ReportOutput):
            allowed = ", ".join(ReportOutput)
            problem = f"must be FORMAT=FILE, with a format of {allowed}"
            raise CliError(f"--save {words}: {problem}", ExitCode.USAGE)
        if not Path(path).parent.is_dir():
            problem = f"there is no folder {Path(path).parent}"
            raise CliError(f"--save {words}: {problem}", ExitCode.USAGE)
        found.append((ReportOutput(name), Path(path)))
    return found


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
    print(text_of(document, output, words), end="")


def text_of(document: Any, output: Output, words: Callable[[], str]) -> str:
    """Return what `show` prints."""
    if output is Output.JSON:
        return json.dumps(document, indent=2) + "\n"
    if output is Output.YAML:
        return yaml.safe_dump(document, sort_keys=False)
    return words() + "\n"
