"""What ends the command with a message and an exit code."""

from njst.cli.exit_codes import ExitCode


class CliError(Exception):
    """What went wrong, for the last line on stderr."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        self.code = code
        super().__init__(message)
