"""Users of a file of tokens."""

from pathlib import Path

from njst.api.access.token_file import TokenFile

VIEWER = "viewer-0123456789"
EDITOR = "editor-0123456789"
STRANGER = "nobody-0123456789"
LINES = f"""\
# name role token
grafana view {VIEWER}

ci@build  edit\t{EDITOR}
"""


def bearer(token: str | None) -> dict[str, str]:
    """Return the headers of a request with this token; None: without one."""
    return {} if token is None else {"authorization": f"Bearer {token}"}


def written(folder: Path, text: str = LINES) -> Path:
    """Return a file with these lines."""
    path = folder / "tokens"
    path.write_text(text)
    return path


def token_file(folder: Path) -> TokenFile:
    """Return the users of LINES."""
    return TokenFile(written(folder))
