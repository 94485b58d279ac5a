"""The njst command. Results go to stdout, everything else to stderr."""

import sys
from typing import Annotated

import typer

from njst import __version__
from njst.cli import job_commands
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.open_command import open_page
from njst.contract.parsing.document import check_document
from njst.contract.parsing.field_errors import InvalidDocumentError

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
        help="An NjstJob, an NjstSchedule or a bare spec, in YAML or JSON; - reads stdin."
    ),
]
for name, command in job_commands.COMMANDS.items():
    app.command(name)(command)

app.command("open")(open_page)


@app.command()
def validate(file: ManifestFile) -> None:
    """Check a job or a schedule locally, without a worker."""
    try:
        check_document(job_commands.read(file))
    except InvalidDocumentError as error:
        for problem in error.problems:
            job_commands.say(str(problem))
        raise typer.Exit(ExitCode.INVALID_SPEC) from error
    print("valid")


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run a command; an error becomes one message on stderr and an exit code."""
    from njst.cli import dev_command, worker_command  # noqa: PLC0415

    app.command("worker")(worker_command.worker)
    app.command("dev")(dev_command.dev)
    try:
        app()
    except CliError as error:
        job_commands.say(f"njst: {error}")
        sys.exit(error.code)


if __name__ == "__main__":
    main()
