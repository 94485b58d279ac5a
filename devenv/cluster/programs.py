"""The programs of a node, built from the Go modules below build/: minutes, once."""

import re
from pathlib import Path

from devenv.kubernetes.gomodule import GoModule

_BUILD = Path(__file__).parent / "build"
_TIMEOUT_S = 30 * 60
_KUBERNETES = "k8s.io/component-base/version"


def _version_flags(go_mod: str) -> str:
    """Let Kubernetes' programs tell their version: the API server and kubectl compare it."""
    match = re.search(r"^\tk8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+)", go_mod, re.MULTILINE)
    assert match is not None, "go.mod names no version of Kubernetes"
    variables = {"gitVersion": match[1], "gitMajor": match[2], "gitMinor": match[3]}
    return " ".join(f"-X {_KUBERNETES}.{name}={value}" for name, value in variables.items())


# kubelet, kube-controller-manager, kube-scheduler, kube-proxy
NODE = GoModule(
    _BUILD / "node",
    "tool",
    "once; 3 minutes on two cores",
    _TIMEOUT_S,
    f"-s -w {_version_flags((_BUILD / 'node' / 'go.mod').read_text())}",
)
COREDNS = GoModule(_BUILD / "coredns", ".", "once; a minute on two cores", _TIMEOUT_S)
PAUSE = GoModule(_BUILD / "pause", ".", "once; seconds", _TIMEOUT_S)
