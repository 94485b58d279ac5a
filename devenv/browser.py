"""The browser of the tests of the page: Debian's Chromium, installed by apt where it is missing.

python -m devenv.browser        # install it, print its path
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress

_PROGRAMS = ("chromium", "chromium-browser")
# Text of the page has glyphs beyond ASCII, and a bare system has no font at all.
_PACKAGES = ("chromium", "fonts-dejavu-core")


def chromium() -> Path:
    """Return the program.

    Raises:
        ToolMissingError: it is not installed.
    """
    for name in _PROGRAMS:
        if (path := shutil.which(name)) is not None:
            return Path(path)
    raise ToolMissingError("there is no Chromium; `python -m devenv.browser` installs Debian's")


def fetch(progress: Progress) -> Path:
    """Return the program; install it first where it is missing.

    Raises:
        ToolMissingError: apt is missing or fails, or this is not root.
    """
    try:
        return chromium()
    except ToolMissingError:
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            words = "there is no Chromium; install it: only root can do that by apt"
            raise ToolMissingError(words) from None
    with progress.step("installing Chromium by apt", cost="once; a minute"):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *_PACKAGES)
    return chromium()


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    argv = ["apt-get", "-qq", *arguments]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissingError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    try:
        print(fetch(Progress()))
    except ToolMissingError as error:
        sys.exit(str(error))
