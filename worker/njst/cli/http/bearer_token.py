"""The token that a command sends to a worker (RFC 6750)."""

from collections.abc import Generator
from pathlib import Path

import httpx

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode

_OPTION = "--api-token"


class BearerToken(httpx.Auth):
    """Sends a token with each request; a file is read each time, because tokens are renewed."""

    def __init__(self, value: str) -> None:
        """Take a token, or @FILE with one."""
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header.

        Raises:
            CliError: the file cannot be read, or holds no token.
        """
        request.headers["authorization"] = f"Bearer {self._token()}"
        yield request

    def _token(self) -> str:
        token = self._value
        if token.startswith("@"):
            try:
                token = Path(token[1:]).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CliError(f"{_OPTION} {self._value}: {error}", ExitCode.USAGE) from error
        token = token.strip()
        if not token or not token.isascii() or any(c.isspace() for c in token):
            raise CliError(f"{_OPTION}: must be one token, or @FILE with one", ExitCode.USAGE)
        return token
