"""A Kubernetes Event."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KubeEvent:
    """One Event. Where a reason can apply to several things, `about` names the one."""

    reason: str
    message: str
    warning: bool = False
    about: str = ""
