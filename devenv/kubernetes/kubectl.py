"""kubectl with one kubeconfig, isolated from the configuration of the user."""

import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

_TIMEOUT_S = 60.0


class KubectlError(RuntimeError):
    """kubectl failed; the message is its output."""


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl as the user of `kubeconfig`; `home` keeps its cache and preferences apart."""

    program: Path
    kubeconfig: Path
    home: Path

    def __call__(self, *args: str, stdin: str = "", timeout_s: float = _TIMEOUT_S) -> str:
        """Return the output of kubectl; `stdin` is for `-f -`.

        Raises:
            KubectlError: it failed, or took longer than `timeout_s`.
        """
        try:
            done = subprocess.run(
                [str(self.program), "--kubeconfig", str(self.kubeconfig), *args],
                input=stdin,
                env=self.environment(),
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"kubectl {' '.join(args)}: no end after {timeout_s:g} s") from None
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def as_user_of(self, kubeconfig: Path) -> "Kubectl":
        """Return a kubectl with another kubeconfig."""
        return replace(self, kubeconfig=kubeconfig)

    def environment(self) -> dict[str, str]:
        """Return an environment in which any Kubernetes client uses this kubeconfig."""
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home)}
