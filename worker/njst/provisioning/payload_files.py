"""Payloads from files in the worker's payload folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.load.templates.payloads import read_payloads

# The largest max_payload that a server is reasonably configured with.
MAX_BYTES = 8_388_608
# The worker and each load process keep all of them in memory.
MAX_LINES = 10_000


def payload_plans(spec: JobSpec, folder: Path | None) -> dict[int, PayloadPlan]:
    """Return the payload plans of the files that a job names, by the numbers of its workloads.

    Raises:
        SetupError: a file is missing, unreadable, empty or too large.
    """
    found: dict[int, PayloadPlan] = {}
    for number, workload in enumerate(spec.workloads):
        publish = workload.publish
        if publish is not None and publish.payload_file is not None:
            field = f"spec.workloads[{number}].publish.payloadFile: {publish.payload_file!r}"
            path = _path(field, folder, publish.payload_file)
            found[number] = _plan(field, path, lines=publish.payload_lines)
    return found


def _path(field: str, folder: Path | None, name: str) -> Path:
    if folder is not None and (folder / name).is_file():
        return folder / name
    others = [] if folder is None or not folder.is_dir() else folder.iterdir()
    there = ", ".join(sorted(other.name for other in others if other.is_file())) or "none"
    raise SetupError(
        "PayloadNotFound",
        f"{field} is not in this worker's payload folder (NJST_PAYLOADS); files: {there}",
    )


def _plan(field: str, path: Path, *, lines: bool) -> PayloadPlan:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SetupError("PayloadTooLarge", f"{field} has {size} bytes, over {MAX_BYTES}")
        payloads = read_payloads(str(path), lines=lines)
    except OSError as error:
        raise SetupError("PayloadUnreadable", f"{field}: {error}") from error
    if not payloads:
        raise SetupError("PayloadEmpty", f"{field} has no lines with content")
    if len(payloads) > MAX_LINES:
        raise SetupError("PayloadTooLarge", f"{field} has {len(payloads)} lines, over {MAX_LINES}")
    mean = sum(map(len, payloads)) // len(payloads)
    return PayloadPlan(
        bytes_min=mean, bytes_max=mean, file=str(path), lines=lines, variants=len(payloads)
    )


def largest(payload: PayloadPlan) -> int:
    """Return the size in bytes of a file's longest payload."""
    return max(map(len, read_payloads(payload.file, lines=payload.lines)))


def with_files(plans: Iterable[ClientPlan], files: Mapping[int, PayloadPlan]) -> list[ClientPlan]:
    """Return the plans; those of workloads with payload files have the file's payload plan."""
    return [_with_file(plan, files.get(plan.number)) for plan in plans]


def _with_file(plan: ClientPlan, payload: PayloadPlan | None) -> ClientPlan:
    if plan.publish is None or payload is None:
        return plan
    return plan.model_copy(update={"publish": plan.publish.model_copy(update={"payload": payload})})
