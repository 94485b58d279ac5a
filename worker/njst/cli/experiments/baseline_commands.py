"""njst baseline: save, list, show, load and remove named runs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.job_commands import read
from njst.cli.output import Output, OutputOption, show
from njst.cli.shared_options import with_client
from njst.report.text_table import table

Name = Annotated[
    str, typer.Argument(help="Name: lower-case letters, digits and inner dashes, at most 40.")
]
_COLUMNS = ["NAME", "RUNS", "SPEC", "CREATED"]

app = typer.Typer(
    help="Keep runs under a name, for thresholds that are relative to them.", no_args_is_help=True
)


@with_client
def save(
    name: Name,
    jobs: Annotated[
        list[str], typer.Argument(help="IDs of jobs that have ended, all of one spec.")
    ],
    client: ApiClient,
    with_unproven: Annotated[
        bool,
        typer.Option(
            "--with-unproven",
            help="Take jobs too that are not Valid, or whose load tester was the limit.",
        ),
    ] = False,
    file: Annotated[
        str, typer.Option(help="Write the baseline into this file too, for njst baseline load.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Save jobs as a baseline, in the place of one of this name."""
    asked = json.dumps({"jobs": jobs, "withUnproven": with_unproven})
    document = client.save_baseline(name, asked.encode())
    if file:
        _write(file, document)
    show(document, output, lambda: _saved(document))


@with_client
def load(
    file: Annotated[str, typer.Argument(help="File of njst baseline save --file; - reads stdin.")],
    client: ApiClient,
    name: Annotated[str, typer.Option(help="Another name than the one in the file.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Save the baseline in a file, in the place of one of its name."""
    # They load the models of results, which most commands do without.
    from njst.contract.parsing.baseline import read_baseline  # noqa: PLC0415
    from njst.contract.parsing.field_errors import InvalidDocumentError  # noqa: PLC0415

    text = read(file)
    try:
        baseline = read_baseline(text)
    except InvalidDocumentError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CliError(f"{file} is no baseline\n{lines}", ExitCode.INVALID_SPEC) from error
    document = client.save_baseline(name or baseline.name, text)
    show(document, output, lambda: _saved(document))


@with_client
def list_baselines(client: ApiClient, output: OutputOption = Output.TABLE) -> None:
    """List all baselines."""
    found = client.baselines()
    show(found, output, lambda: "\n".join(table(_COLUMNS, [_row(one) for one in found])))


@with_client
def show_baseline(name: Name, client: ApiClient, output: OutputOption = Output.TABLE) -> None:
    """Print a baseline: the median and the range of its runs."""
    document = client.baseline(name)
    show(document, output, lambda: _text(document))


@with_client
def remove(name: Name, client: ApiClient) -> None:
    """Remove a baseline; jobs that have begun do not need it."""
    client.remove_baseline(name)


app.command("save")(save)
app.command("load")(load)
app.command("list")(list_baselines)
app.command("show")(show_baseline)
app.command("rm")(remove)


def _write(file: str, document: dict[str, Any]) -> None:
    from njst.comparison.baseline_file import baseline_text  # noqa: PLC0415 - loads models
    from njst.contract.results.comparison import Baseline  # noqa: PLC0415

    text = baseline_text(Baseline.model_validate_json(json.dumps(document)))
    try:
        Path(file).write_bytes(text)
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from error


def _saved(document: dict[str, Any]) -> str:
    count = len(document["runs"])
    return f"baseline {document['name']} of {count} run{'s' if count != 1 else ''} is saved"


def _row(one: dict[str, Any]) -> list[str]:
    return [one["name"], str(one["runCount"]), one["spec"], one["createTime"]]


def _text(document: dict[str, Any]) -> str:
    from njst.contract.results.comparison import Baseline  # noqa: PLC0415 - loads models
    from njst.report.experiments.baseline_text import render  # noqa: PLC0415

    return render(Baseline.model_validate_json(json.dumps(document))).rstrip("\n")
