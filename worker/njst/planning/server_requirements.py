"""Which server release a workload needs, and whether the target has it.

A server reports its API level in the answer to `$JS.API.INFO` (server 2.11 and newer); one that
reports none is older than every feature with a level.
"""

from dataclasses import dataclass

from njst.contract.kinds.kind import V2_12, ServerRelease
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream_settings import PersistMode
from njst.contract.spec.workload import Workload


@dataclass(frozen=True)
class TargetServer:
    """Version and API level of the target; level 0 is older than 2.11."""

    version: str
    level: int

    def __str__(self) -> str:
        return f"nats-server {self.version} (API level {self.level})"


# The first release that keeps the metadata of streams and consumers.
OLDEST_TARGET = (2, 10)


def check_release(spec: JobSpec, major: int, minor: int) -> None:
    """Check that the target can mark what a job creates: the mark is all that lets njst remove it.

    Raises:
        SetupError: its release is too old, and the job uses JetStream.
    """
    uses_jetstream = bool(spec.streams) or any(w.management is not None for w in spec.workloads)
    if uses_jetstream and (major, minor) < OLDEST_TARGET:
        words = f"the target is nats-server {major}.{minor}; JetStream jobs need 2.10 or newer"
        raise SetupError(
            "TargetTooOld", f"spec.target: {words}, since older ones keep no metadata of streams"
        )


def unsupported(spec: JobSpec, server: TargetServer) -> dict[str, str]:
    """Return the workloads for which the server is too old, by name, each with what it needs."""
    return {
        workload.name: f"{what} needs nats-server {release.version} (API level {release.level});"
        f" the target is {server}"
        for workload in spec.workloads
        for what, release in sorted(requirements(spec, workload), key=lambda n: -n[1].level)[:1]
        if server.level < release.level
    }


def requirements(spec: JobSpec, workload: Workload) -> list[tuple[str, ServerRelease]]:
    """Return the fields that need a server release, of a workload and of the stream made for it."""
    kind = workload.kind
    found = [(f"{kind.field}.{what}", of) for what, of in kind.server_features(workload.kind_spec)]
    for stream in spec.streams:
        is_made = stream.name == workload.stream and not stream.use_existing
        if is_made and stream.persist_mode is PersistMode.ASYNC:
            found.append(("streams.persistMode Async", V2_12))
    return found
