"""The folder in which a server keeps its config, log and data."""

import shutil
import tempfile
import weakref
from pathlib import Path

from njst.local.local_errors import LocalServerError


class WorkFolder:
    """A given folder, made when missing and kept; or a temporary one, deleted by `close`.

    A temporary folder that nobody closed goes when the interpreter ends, after the servers that
    were started later than it was made.
    """

    def __init__(self, given: Path | None, *, prefix: str) -> None:
        """Make the folder; `prefix` begins a temporary one's name.

        Raises:
            LocalServerError: it cannot be made.
        """
        try:
            if given is None:
                self.path = Path(tempfile.mkdtemp(prefix=prefix))
            else:
                self.path = given.absolute()
                self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalServerError(f"cannot make the folder: {error}") from error
        self._delete = (
            weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
            if given is None
            else None
        )

    def close(self) -> None:
        if self._delete is not None:
            self._delete()
