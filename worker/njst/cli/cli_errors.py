"""The error that ends a command with a message and an exit code."""

from njst.cli.exit_codes import ExitCode


class CliError(Exception):
    """An error of a command; its message is the last line on stderr."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        self.code = code
        super().__init__(message)
