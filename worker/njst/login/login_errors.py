"""What makes a login impossible before a server speaks NATS."""

from pathlib import Path


class LoginError(Exception):
    """A file or value that a login needs cannot be used: which, and why; never what is in it.

    `option` is the name that a context has for it, such as `creds`.
    """

    def __init__(self, option: str, words: str) -> None:
        self.option = option
        super().__init__(f"{option}: {words}")


class UpgradeError(ConnectionError):
    """A server that is there and gives no websocket: what it says instead."""


# So many names show a wrong key of a Secret; a folder of a person may have thousands.
_SHOWN = 5


def read_file(option: str, path: str) -> str:
    """Return a text file.

    Raises:
        LoginError: it is not there, not readable, or not a file.
    """
    try:
        # Whatever is no ordinary file, such as a pipe, could block for ever.
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
    """Return which files are there instead: a mounted Secret with a wrong key shows itself."""
    try:
        names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    except OSError:
        return ""
    more = ", ..." if len(names) > _SHOWN else ""
    return f"; there: {', '.join(names[:_SHOWN]) or 'nothing'}{more}"
