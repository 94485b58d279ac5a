"""Starts a read-back process and returns its slice result."""

import contextlib

from njst.contract.plan import SlicePlan
from njst.contract.results.readback import SliceResult
from njst.contract.results.tallies import ErrorClass
from njst.load.host.spawn import Spawn, spawn

READBACK_PROCESS = "njst.load.readback.readback_process"


async def read_slice(plan: SlicePlan, start: Spawn = spawn) -> SliceResult:
    """Return the contents of a slice, read by a process that `start` starts.

    Cancellation ends the process.
    """
    try:
        process = await start(READBACK_PROCESS)
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
