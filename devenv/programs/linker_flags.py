"""Linker flags that tell programs the version of Kubernetes that their go.mod pins."""

import re

_PACKAGE = "k8s.io/component-base/version"


def linker_flags(go_mod: str) -> str:
    """Return flags that set the version as in a release; the API server and kubectl compare it."""
    match = re.search(r"^\tk8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+)", go_mod, re.MULTILINE)
    assert match is not None, "go.mod names no version of Kubernetes"
    variables = {"gitVersion": match[1], "gitMajor": match[2], "gitMinor": match[3]}
    return " ".join(["-s -w", *(f"-X {_PACKAGE}.{name}={v}" for name, v in variables.items())])
