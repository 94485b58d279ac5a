"""The njst side: runs a spec with `bench.load.run_spec` in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.run_outcome import RunOutcome

_RUN_TIMEOUT_S = 300
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


class OursError(Exception):
    """njst failed or lost messages, so the figures of the run are invalid."""


@dataclass(frozen=True)
class NjstSide:
    """njst's load against one target."""

    url: str

    def measure(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Run a spec of one workload to its end; return all that `bench.load.run_spec` prints.

        Raises:
            OursError: it failed, had errors, or did not do all messages.
        """
        done = subprocess.run(
            [sys.executable, "-m", "bench.load.run_spec", self.url],
            input=json.dumps(spec),
            capture_output=True,
            text=True,
            timeout=_RUN_TIMEOUT_S,
            env=_environment(),
            check=False,
        )
        if done.returncode != 0:
            raise OursError(done.stderr[-500:])
        said: dict[str, Any] = json.loads(done.stdout)
        if not said["completed"] or said["errors"]:
            raise OursError(f"{spec['workloads'][0]['name']}: {said}")
        planned = [workload.get("messages") for workload in spec["workloads"]]
        wanted = said["messages"] if None in planned else sum(planned)
        if said["messages"] != wanted:
            raise OursError(f"{said['messages']} of {wanted} messages")
        return said

    def run(self, spec: dict[str, Any]) -> RunOutcome:
        """Run a spec and return its figures."""
        said = self.measure(spec)
        return RunOutcome(said["rate"], said["cpuSeconds"], said["p50"], said["p99"])

    def run_both(self, messages: int, kind: str, ends: Mapping[str, object]) -> RunOutcome:
        """Run two workloads of a kind, by name, at both ends of a subject; return one's rate."""
        workloads = [{"name": n, "messages": messages, kind: end} for n, end in ends.items()]
        said = self.measure({"workloads": workloads})
        return RunOutcome(said["rate"] / len(ends), said["cpuSeconds"])


def _environment() -> dict[str, str]:
    """Return an environment in which modules are compiled once, as an image installs them.

    Where nothing is written, each start of a load process would compile them all again.
    """
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
