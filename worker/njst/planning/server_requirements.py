"""What a workload needs of the target's server, and whether the server has it.

The API level is what a server says of itself in answer to `$JS.API.INFO` (server 2.11 and newer);
a server that says none is older than every feature that has a level.
"""

from dataclasses import dataclass

from njst.contract.kinds.kind import ServerRelease
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload


@dataclass(frozen=True)
class TargetServer:
    """What the target says of itself; level 0 is older than 2.11."""

    version: str
    level: int

    def __str__(self) -> str:
        return f"nats-server {self.version} (API level {self.level})"


def unsupported(spec: JobSpec, server: TargetServer) -> dict[str, str]:
    """Return the workloads that the server is too old for, by name, and what each needs."""
    return {
        workload.name: f"{what} needs nats-server {release.version} (API level {release.level});"
        f" the target is {server}"
        for workload in spec.workloads
        for what, release in sorted(requirements(workload), key=lambda need: -need[1].level)[:1]
        if server.level < release.level
    }


def requirements(workload: Workload) -> list[tuple[str, ServerRelease]]:
    """Return each demanding field of a workload, as a person writes it, and what it needs."""
    kind = workload.kind
    return [(f"{kind.field}.{what}", of) for what, of in kind.server_features(workload.kind_spec)]
