"""`python -m devenv.deploy_file FILE`: the default overlay as one file for `kubectl apply -f`."""

import subprocess
import sys
from pathlib import Path

from devenv.environment import MANIFESTS
from devenv.programs.kubernetes_binaries import find_binaries

_HEAD = """\
# njst in one file: kubectl apply -f njst-deploy.yaml
# It expects a NATS with JetStream at nats://nats:4222, in namespace njst; for another one change
# NJST_NATS below. Made by `make manifests` from manifests/overlays/default; do not edit it there.
"""


def main(file: Path) -> None:
    argv = [str(find_binaries().kubectl), "kustomize", str(MANIFESTS / "overlays" / "default")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    file.write_text(_HEAD + done.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
