"""A Kubernetes Event."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KubeEvent:
    """One Event; `about` tells apart Events of one reason."""

    reason: str
    message: str
    warning: bool = False
    about: str = ""
