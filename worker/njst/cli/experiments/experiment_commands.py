"""njst experiment: run, get, report, list, suspend, resume and cancel experiments."""

import math
import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.job_commands import Key, read, say
from njst.cli.output import Output, OutputOption, show
from njst.cli.shared_options import with_client
from njst.report.text_table import table

# The state is asked for again after this share of the time so far, within these bounds.
_POLL_SHARE = 0.05
_MIN_POLL_S = 0.1
_MAX_POLL_S = 2.0
_COLUMNS = ["ID", "NAME", "PHASE", "TRIALS", "BEST", "REASON", "CREATED"]

ExperimentFile = Annotated[
    str,
    typer.Argument(help="An NjstExperiment or a bare spec, in YAML or JSON; - reads stdin."),
]
ExperimentId = Annotated[str, typer.Argument(help="Experiment ID.")]


class ExperimentOutput(StrEnum):
    """Output formats of the report of an experiment."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    MD = "md"
    HTML = "html"


app = typer.Typer(
    help="Run trials of a job: a grid of settings, repeats, or a search for the highest rate.",
    no_args_is_help=True,
)


@with_client
def run(
    file: ExperimentFile,
    client: ApiClient,
    key: Key = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Print the experiment ID and do not wait.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only validate the experiment.")
    ] = False,
    timeout_s: Annotated[
        float,
        typer.Option("--timeout", help="How long to wait for the end, in seconds; inf: for ever."),
    ] = math.inf,
    output: OutputOption = Output.TABLE,
) -> None:
    """Submit an experiment, show each trial as it ends; the exit code is the verdict."""
    # They load the models of results, which most commands do without.
    from njst.cli.report_output import of_verdict  # noqa: PLC0415
    from njst.contract.results.report import Verdict  # noqa: PLC0415

    document = client.submit_experiment(read(file), key, dry_run=dry_run)
    if dry_run:
        show(document, output, lambda: "valid")
        return
    if detach:
        show(document, output, lambda: str(document["id"]))
        return
    experiment = document["id"]
    say(f"experiment {experiment} of {len(document['points'])} points")
    try:
        document = _follow(client, document, timeout_s)
    except KeyboardInterrupt:
        words = (
            f"experiment {experiment} goes on; njst experiment get {experiment} shows it,"
            f" njst experiment cancel {experiment} ends it"
        )
        raise CliError(words, ExitCode.INTERRUPTED) from None
    show(document, output, lambda: _text(document))
    raise typer.Exit(of_verdict(Verdict(document["verdict"]), document["reason"]))


@with_client
def get(experiment: ExperimentId, client: ApiClient, output: OutputOption = Output.TABLE) -> None:
    """Print an experiment with its trials so far."""
    document = client.experiment(experiment)
    show(document, output, lambda: _text(document))


@with_client
def report(
    experiment: ExperimentId,
    client: ApiClient,
    output: Annotated[
        ExperimentOutput, typer.Option("--output", "-o", help="Output format.")
    ] = ExperimentOutput.TABLE,
) -> None:
    """Print an experiment that has ended; the exit code is the verdict."""
    # They load the models of results and of specs, which most commands do without.
    from njst.cli.report_output import of_verdict  # noqa: PLC0415
    from njst.contract.results.report import Verdict  # noqa: PLC0415
    from njst.report.experiments.experiment_exports import EXPERIMENT_EXPORTS  # noqa: PLC0415
    from njst.report.experiments.experiment_text import shown_of  # noqa: PLC0415

    document = client.experiment(experiment)
    if "verdict" not in document:
        words = f"experiment {experiment} is {document['phase']} and has no report yet"
        raise CliError(words, ExitCode.ERROR)
    if output is ExperimentOutput.HTML:
        print(client.html_experiment_report(experiment), end="")
    elif (export := EXPERIMENT_EXPORTS.get(output)) is not None:
        print(export.render(shown_of(document)), end="")
    else:
        show(document, Output(output), lambda: _text(document))
    raise typer.Exit(of_verdict(Verdict(document["verdict"]), document["reason"]))


@with_client
def list_experiments(
    client: ApiClient,
    limit: Annotated[
        int, typer.Option(min=1, max=500, help="Largest number of experiments to show.")
    ] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the newest experiments."""
    found = client.experiments(limit)
    show(found, output, lambda: "\n".join(table(_COLUMNS, [_row(one) for one in found])))


@with_client
def suspend(
    experiment: ExperimentId, client: ApiClient, output: OutputOption = Output.TABLE
) -> None:
    """Create no further trial until the experiment is resumed; a running one goes on."""
    document = client.suspend_experiment(experiment)
    show(document, output, lambda: str(document["phase"]))


@with_client
def resume(
    experiment: ExperimentId, client: ApiClient, output: OutputOption = Output.TABLE
) -> None:
    """Create trials of a suspended experiment again."""
    document = client.resume_experiment(experiment)
    show(document, output, lambda: str(document["phase"]))


@with_client
def cancel(
    experiment: ExperimentId, client: ApiClient, output: OutputOption = Output.TABLE
) -> None:
    """Stop an experiment and its running trial; one that has ended does not change."""
    document = client.cancel_experiment(experiment)
    show(document, output, lambda: str(document["phase"]))


app.command("run")(run)
app.command("get")(get)
app.command("report")(report)
app.command("list")(list_experiments)
app.command("suspend")(suspend)
app.command("resume")(resume)
app.command("cancel")(cancel)


def _text(document: dict[str, Any]) -> str:
    # It loads the models of specs, which most commands do without.
    from njst.report.experiments.experiment_text import render, shown_of  # noqa: PLC0415

    return render(shown_of(document)).rstrip("\n")


def _follow(client: ApiClient, document: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return the document of an experiment that has ended; print a line for each trial.

    Raises:
        CliError: it has not ended in time, or no worker answers any more.
    """
    from njst.report.experiments.experiment_text import shown_of, trial_line  # noqa: PLC0415

    begin_s, said = time.monotonic(), 0
    while True:
        shown = shown_of(document)
        for trial in shown.trials[said:]:
            say(trial_line(shown, trial))
        said = len(shown.trials)
        if shown.verdict is not None:
            return document
        followed_s = time.monotonic() - begin_s
        if followed_s > timeout_s:
            words = f"experiment {document['id']} is still {shown.phase}: {shown.message}"
            raise CliError(words, ExitCode.TIMEOUT)
        time.sleep(min(max(_POLL_SHARE * followed_s, _MIN_POLL_S), _MAX_POLL_S))
        document = client.experiment(document["id"])


def _row(one: dict[str, Any]) -> list[str]:
    best = one.get("bestMessagesPerSecond")
    return [
        one["id"],
        one["name"],
        one["phase"],
        str(one["trialCount"]),
        "-" if best is None else f"{best:,}/s",
        one["reason"],
        one["createTime"],
    ]
