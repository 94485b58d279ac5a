"""Starts a read-back process and returns its slice result."""

import contextlib

from njst.contract.plan import SlicePlan
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import ErrorClass
from njst.load.host.spawn import spawn


async def read_slice(plan: SlicePlan) -> SliceResult:
    """Return the contents of a slice, read by a process; cancellation ends the process."""
    try:
        process = await spawn("njst.load.readback.readback_process")
    except OSError:
        return SliceResult(problem=ErrorClass.PROCESS_DIED)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(plan.model_dump_json().encode() + b"\n")
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            return SliceResult(problem=ErrorClass.PROCESS_DIED)
        return SliceResult.model_validate_json(line)
    finally:
        process.stdin.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
