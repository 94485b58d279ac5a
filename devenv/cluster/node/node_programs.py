"""The programs of a node, built from the Go modules below build/: minutes, once."""

from pathlib import Path

from devenv.programs.go_module import GoModule
from devenv.programs.linker_flags import linker_flags

_BUILD = Path(__file__).parent / "build"
_TIMEOUT_S = 30 * 60

# kubelet, kube-controller-manager, kube-scheduler, kube-proxy
NODE = GoModule(
    _BUILD / "node",
    "tool",
    "once; 3 minutes on two cores",
    _TIMEOUT_S,
    linker_flags((_BUILD / "node" / "go.mod").read_text()),
)
COREDNS = GoModule(_BUILD / "coredns", ".", "once; a minute on two cores", _TIMEOUT_S)
PAUSE = GoModule(_BUILD / "pause", ".", "once; seconds", _TIMEOUT_S)
