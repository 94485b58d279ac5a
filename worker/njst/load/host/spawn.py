"""Starts the processes of the load."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable

_ENVIRONMENT = {
    # A load process uses one thread; BLAS would start one for each core.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Looking for plugins costs a load process 5 % of its start.
    "PYDANTIC_DISABLE_PLUGINS": "1",
}
# Starts a module, by its name, as a process that waits for its first line.
Spawn = Callable[[str], Awaitable[Process]]
LINE_BYTES = 16 * 1024 * 1024


async def spawn(module: str) -> Process:
    """Start a module as a process; it is spoken to over its pipes, line by line."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        stdin=PIPE,
        stdout=PIPE,
        limit=LINE_BYTES,
        env={**os.environ, **_ENVIRONMENT},
        # Ctrl-C in a terminal reaches the worker alone, which ends its load in order.
        start_new_session=True,
    )
