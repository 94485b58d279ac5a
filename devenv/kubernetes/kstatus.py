"""kstatus, the library of Flux and Helm 4, as a program that judges resources.

judge = find_kstatus()
assert judge([{"apiVersion": ..., "status": ...}]) == ["Current"]
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devenv.programs.go_tool import KSTATUS

_ANSWER_TIMEOUT_S = 20


@dataclass(frozen=True)
class Kstatus:
    """The program; call it with objects of a Kubernetes API."""

    program: Path

    def __call__(self, objects: Sequence[dict[str, Any]]) -> list[str]:
        """Return Current, InProgress, Failed, Terminating or Unknown for each object."""
        done = subprocess.run(
            [str(self.program)],
            input=json.dumps(list(objects)),
            capture_output=True,
            text=True,
            timeout=_ANSWER_TIMEOUT_S,
            check=True,
        )
        return done.stdout.split()


def find_kstatus() -> Kstatus:
    """Return the program if it is on this machine.

    Raises:
        ToolMissingError: it is not here yet.
    """
    return Kstatus(KSTATUS.find())
