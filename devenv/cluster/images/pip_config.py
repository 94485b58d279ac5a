"""The pip configuration of this machine, for a pip in a container."""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping

# Paths of this machine, such as in find-links, do not exist in a container.
_KEYS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
_LINE = re.compile(r"^[^=]*\.(?P<key>[a-z-]+)=(?P<value>.+)$")


def pip_settings() -> dict[str, str]:
    """Return the pip settings of files and environment; empty without pip."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return parse(said.stdout) if said.returncode == 0 else {}


def parse(listing: str) -> dict[str, str]:
    """Read `pip config list`: lines of `section.key='value'`, the environment's first."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        match = _LINE.match(line)
        if match is not None and match["key"] in _KEYS:
            found.setdefault(match["key"], ast.literal_eval(match["value"]))
    return found


def pip_conf(settings: Mapping[str, str]) -> str:
    """Return a pip.conf."""
    lines = [f"{key} = {value}".replace("\n", "\n  ") for key, value in settings.items()]
    return "\n".join(["[global]", *lines, ""])
