"""The njst command. Results go to stdout, everything else to stderr."""

import sys
from typing import Annotated

import typer

from njst import __version__
from njst.cli import job_commands
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.experiments import baseline_commands, experiment_commands
from njst.cli.experiments.compare_command import TwoSidesCommand, compare
from njst.cli.experiments.history_command import history
from njst.cli.page.open_command import open_page

app = typer.Typer(
    name="njst",
    help="A leaderless, distributed load tester for NATS JetStream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ManifestFile = Annotated[
    str,
    typer.Argument(
        help="An NjstJob, an NjstSchedule, an NjstExperiment or a bare spec of a job, in YAML or"
        " JSON; - reads stdin."
    ),
]
EXPERIMENT = "experiment"
BASELINE = "baseline"
for name, command in job_commands.COMMANDS.items():
    app.command(name)(command)

app.command("compare", cls=TwoSidesCommand)(compare)
app.command("history")(history)
app.add_typer(experiment_commands.app, name=EXPERIMENT)
app.add_typer(baseline_commands.app, name=BASELINE)
app.command("open")(open_page)


@app.command("validate")
def validate(file: ManifestFile) -> None:
    """Check a job, a schedule or an experiment locally, without a worker."""
    # They load all models of specs.
    from njst.contract.parsing.any_kind import check_document  # noqa: PLC0415
    from njst.contract.parsing.field_errors import InvalidDocumentError  # noqa: PLC0415

    try:
        check_document(job_commands.read(file))
    except InvalidDocumentError as error:
        for problem in error.problems:
            job_commands.say(str(problem))
        raise typer.Exit(ExitCode.INVALID_SPEC) from error
    print("valid")


@app.command("version")
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run a command; an error becomes one message on stderr and an exit code."""
    if not _is_light(sys.argv[1:]):
        _add_worker_commands()
    try:
        app()
    except CliError as error:
        job_commands.say(f"njst: {error}")
        sys.exit(error.code)


def _is_light(arguments: list[str]) -> bool:
    """Whether the command is one of those that need neither a worker's code nor a list of all."""
    names = {command.name for command in app.registered_commands}
    names |= {EXPERIMENT, BASELINE}
    return bool(arguments) and arguments[0] in names


def _add_worker_commands() -> None:
    """Add the commands that load a whole worker, which takes longer than all of the others."""
    from njst.cli import dev_command, doctor_command, worker_command  # noqa: PLC0415

    app.command("worker")(worker_command.worker)
    app.command("dev")(dev_command.dev)
    app.command("doctor")(doctor_command.doctor)


if __name__ == "__main__":
    main()
