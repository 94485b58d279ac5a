"""What a workload needs of the target's server, and whether the server has it.

The API level is what a server says of itself in answer to `$JS.API.INFO` (server 2.11 and newer);
a server that says none is older than every feature that has a level.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from njst.contract.kinds.get import GetMode
from njst.contract.kinds.priority import PriorityPolicy
from njst.contract.kinds.publish import Publish, PublishMode
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload


@dataclass(frozen=True)
class ServerRelease:
    """The first server release that has a feature, and its API level."""

    level: int
    version: str


@dataclass(frozen=True)
class TargetServer:
    """What the target says of itself; level 0 is older than 2.11."""

    version: str
    level: int

    def __str__(self) -> str:
        return f"nats-server {self.version} (API level {self.level})"


# server/jetstream_versioning.go and ADR-44.
_V211, _V212, _V214 = ServerRelease(1, "2.11"), ServerRelease(2, "2.12"), ServerRelease(4, "2.14")
_PUBLISH_MODES = {PublishMode.ATOMIC_BATCH: _V212, PublishMode.FAST_BATCH: _V214}
_PRIORITY = {
    PriorityPolicy.OVERFLOW: _V211,
    PriorityPolicy.PINNED_CLIENT: _V211,
    PriorityPolicy.PRIORITIZED: _V212,
}


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
    needed: list[tuple[str, ServerRelease]] = []
    get, consume = workload.get, workload.consume
    if get is not None and get.mode in (GetMode.BATCH, GetMode.MULTI_LAST):
        needed.append((f"get.mode {get.mode}", _V211))
    if consume is not None and consume.priority is not None:
        policy = consume.priority.policy
        needed.append((f"consume.priority.policy {policy}", _PRIORITY[policy]))
    if workload.publish is not None:
        needed += _publish_needs(workload.publish)
    return needed


def _publish_needs(publish: Publish) -> Iterator[tuple[str, ServerRelease]]:
    if publish.mode in _PUBLISH_MODES:
        yield f"publish.mode {publish.mode}", _PUBLISH_MODES[publish.mode]
    if publish.ttl_seconds is not None:
        yield "publish.ttlSeconds", _V211
    if publish.increment is not None:
        yield "publish.increment", _V212
    if publish.delay_seconds is not None:
        yield "publish.delaySeconds", _V212
