"""Errors of a login before the NATS protocol begins."""

from pathlib import Path


class LoginError(Exception):
    """A file or value of a login is invalid; the message never contains its content.

    `option` is its key in a context, such as `creds`.
    """

    def __init__(self, option: str, words: str) -> None:
        self.option = option
        super().__init__(f"{option}: {words}")


class UpgradeError(ConnectionError):
    """A server rejects the upgrade to a websocket."""


# Enough to show a wrong key of a Secret; another folder may have thousands of files.
_SHOWN = 5


def read_file(option: str, path: str) -> str:
    """Return a text file.

    Raises:
        LoginError: the path is missing, not readable, or not a text file.
    """
    try:
        # Reading anything but a regular file, such as a pipe, could block forever.
        if Path(path).exists() and not Path(path).is_file():
            raise LoginError(option, f"{path} is not a file")
        return Path(path).read_text()
    except FileNotFoundError as error:
        raise LoginError(option, f"{path}: {error.strerror}{_beside(Path(path))}") from None
    except OSError as error:
        raise LoginError(option, f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LoginError(option, f"{path} is not a text file") from None


def _beside(path: Path) -> str:
    """Return which files the folder has instead: this shows a wrong key of a mounted Secret."""
    try:
        names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    except OSError:
        return ""
    more = ", ..." if len(names) > _SHOWN else ""
    return f"; there: {', '.join(names[:_SHOWN]) or 'nothing'}{more}"
